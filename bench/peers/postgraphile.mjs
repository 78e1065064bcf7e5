// PostGraphile 5 over views that show the same three levels; it knows no sign-in.
//
//   node postgraphile.mjs PORT SOCKET_FOLDER DATABASE
import { createServer } from 'node:http'
import { grafserv } from 'postgraphile/grafserv/node'
import { makePgService } from 'postgraphile/adaptors/pg'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection'
import { postgraphile } from 'postgraphile'

const [, , port, folder, database] = process.argv
const preset = {
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
  pgServices: [makePgService({
    poolConfig: { host: folder, user: 'postgres', database, max: 16, options: '-c TimeZone=Asia/Shanghai' },
    schemas: ['bench']
  })],
  schema: { defaultBehavior: '+list' },
  grafast: { explain: false },
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false }
}
const server = createServer()
const service = postgraphile(preset).createServ(grafserv)
await service.addTo(server)
server.listen(Number(port), '127.0.0.1')
