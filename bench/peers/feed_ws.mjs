// ws without GraphQL: one frame is built for each event and written to every socket by hand.
//
//   node feed_ws.mjs PORT PUBLISH_PORT MESSAGE
import { createServer } from 'node:http'
import { Sender, WebSocketServer } from 'ws'
import { heard, message } from './feed_schema.mjs'

const [, , port, publishPort, file] = process.argv
const [before, after] = message(file).split(/(?<="version":)\d{7}/)
const sockets = new Set()
const server = createServer((_, answer) => answer.end())
const handleProtocols = () => 'graphql-transport-ws'
const doors = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false, handleProtocols })
doors.on('connection', (door, request) => {
  door.on('message', text => {
    const { type } = JSON.parse(text)
    if (type === 'connection_init') door.send('{"type":"connection_ack"}')
    else if (type === 'subscribe') sockets.add(request.socket)
  })
  door.on('close', () => sockets.delete(request.socket))
})
heard(Number(publishPort), version => {
  const parts = Sender.frame(Buffer.from(`${before}${version}${after}`), { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: true })
  const frame = Buffer.concat(parts)
  for (const socket of sockets) socket.write(frame)
})
server.listen(Number(port), '127.0.0.1', 4096)
