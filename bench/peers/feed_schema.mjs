// The schema and the event of the feed's bench, the same for every server on Node.js, and its publisher's socket.
import dgram from 'node:dgram'
import { readFileSync } from 'node:fs'

export const sdl = `
  type Incident { no: String! title: String! state: String! }
  type FeedEvent { cursor: String! follows: String! kind: String! version: Int! incident: Incident }
  type Query { ok: Boolean }
  type Subscription { feed: FeedEvent! }`

// The message our own server sent; every event is that one with another version.
export function message (file) {
  return readFileSync(file, 'utf8')
}

export function pattern (file) {
  const { __typename, ...event } = JSON.parse(message(file)).payload.data.feed
  return event
}

// "FIRST COUNT" in a datagram asks for so many events.
export function heard (port, publish) {
  dgram.createSocket('udp4').on('message', text => {
    const [first, count] = text.toString().split(' ').map(Number)
    for (let version = first; version < first + count; version++) publish(version)
  }).bind(port, '127.0.0.1')
}
