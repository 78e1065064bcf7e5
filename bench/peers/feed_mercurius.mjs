// Mercurius with JIT and its own publications: node feed_mercurius.mjs PORT PUBLISH_PORT MESSAGE
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { heard, pattern, sdl } from './feed_schema.mjs'

const [, , port, publishPort, file] = process.argv
const event = pattern(file)
const app = Fastify({ logger: false })
app.register(mercurius, {
  schema: sdl,
  resolvers: { Subscription: { feed: { subscribe: (_, __, { pubsub }) => pubsub.subscribe('feed') } } },
  jit: 1,
  subscription: true
})
await app.ready()
heard(Number(publishPort), version => app.graphql.pubsub.publish({ topic: 'feed', payload: { feed: { ...event, version } } }))
await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
