// graphql-ws over ws, as documented: node feed_graphqlws.mjs PORT PUBLISH_PORT MESSAGE
import { createServer } from 'node:http'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { heard, pattern, sdl } from './feed_schema.mjs'

const [, , port, publishPort, file] = process.argv
const event = pattern(file)
const streams = new Set()

class Stream {
  #waiting = []
  #wake = null
  constructor () { streams.add(this) }

  push (value) {
    if (this.#wake) {
      this.#wake({ value, done: false })
      this.#wake = null
    } else this.#waiting.push(value)
  }

  next () {
    if (this.#waiting.length) return Promise.resolve({ value: this.#waiting.shift(), done: false })
    return new Promise(resolve => { this.#wake = resolve })
  }

  return () {
    streams.delete(this)
    if (this.#wake) this.#wake({ value: undefined, done: true })
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator] () { return this }
}

const schema = buildSchema(sdl)
schema.getSubscriptionType().getFields().feed.subscribe = () => new Stream()
const server = createServer((_, answer) => answer.end())
useServer({ schema }, new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }))
heard(Number(publishPort), version => {
  const value = { feed: { ...event, version } }
  for (const stream of streams) stream.push(value)
})
server.listen(Number(port), '127.0.0.1', 4096)
