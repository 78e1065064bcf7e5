// Mercurius with JIT over the same store, every level joined and fetched by hand; it knows no sign-in.
//
//   node mercurius.mjs PORT sqlite FILE | node mercurius.mjs PORT postgres SOCKET_FOLDER DATABASE
//
// `x-viewer` names whose names (bench_person) and which cases are served; VIEWERS tells what each may see.
import Fastify from 'fastify'
import mercurius from 'mercurius'

const [, , port, store, place, database] = process.argv
const VIEWERS = JSON.parse(process.env.VIEWERS)
const postgres = store === 'postgres'

const schema = `
  enum IncidentOrder { REPORTED_AT_DESC }
  enum IncidentState {
    DRAFT REPORTED VERIFYING SELF_DONE FILED ARBITRATING DISPATCHED HANDLING RETURN_REVIEW HUNG SUBMITTED CHECKING
    FOLLOWUP CLOSED ARCHIVED REJECTED MERGED TRANSFERRED VOIDED
  }
  enum Urgency { CRITICAL URGENT NORMAL COMPLEX }
  enum AssignmentState {
    PENDING ACCEPTED RETURN_REQ RETURNED EXT_REQ HANG_REQ HUNG REPLIED SUBMITTED REJECTED_RESULT DONE CANCELLED
  }
  enum Light { GREEN YELLOW RED }
  type Region { id: ID! name: String! }
  type Grid { id: ID! name: String! region: Region! }
  type Person { id: ID! name: String! }
  type OrgUnit { id: ID! name: String! }
  type Assignment { id: ID! state: AssignmentState! handleDueAt: String orgUnit: OrgUnit! }
  type Clock { id: ID! type: String! startAt: String! dueAt: String! stoppedAt: String light: Light! }
  type Incident {
    id: ID! no: String! title: String! state: IncidentState! urgency: Urgency! reportedAt: String! dueAt: String
    grid: Grid reporter: Person assignments: [Assignment!]! clocks: [Clock!]!
  }
  type Edge { node: Incident! }
  type PageInfo { hasNextPage: Boolean! }
  type Connection { edges: [Edge!]! pageInfo: PageInfo! }
  type Query { incidents(first: Int, orderBy: IncidentOrder): Connection incident(no: String!): Incident }
`

const ask = postgres ? await openPostgres() : await openSqlite()
const mark = postgres ? '$1' : '?'

async function openSqlite () {
  const { default: Database } = await import('better-sqlite3')
  const file = new Database(place, { readonly: true })
  file.pragma('mmap_size = 1073741824')
  file.pragma('cache_size = -262144')
  const known = new Map()
  return (name, text, values) => {
    let statement = known.get(name)
    if (!statement) known.set(name, statement = file.prepare(text).raw())
    return statement.all(...values)
  }
}

async function openPostgres () {
  const { default: pg } = await import('pg')
  pg.types.setTypeParser(1184, text => text)
  const pool = new pg.Pool({ host: place, user: 'postgres', database, max: 16, options: '-c TimeZone=Asia/Shanghai' })
  return async (name, text, values) => (await pool.query({ name, text, values, rowMode: 'array' })).rows
}

// Global ids: base64 of `Type:uuid`.
const idOf = type => {
  const head = type + ':'
  return uuid => btoa(head + uuid)
}
const [caseId, gridId, regionId, personId, orgId, rowId, clockId] =
  ['Incident', 'Grid', 'Region', 'Person', 'OrgUnit', 'Assignment', 'Clock'].map(idOf)

// PostgreSQL answers in the district's time by its session; SQLite holds UTC as text.
const moment = postgres
  ? text => text && text.slice(0, 10) + 'T' + text.slice(11, 19) + '+08:00'
  : text => {
      if (!text) return null
      const hour = (text.charCodeAt(11) - 48) * 10 + text.charCodeAt(12) - 48 + 8
      if (hour < 24) return text.slice(0, 10) + (hour < 10 ? 'T0' : 'T') + hour + text.slice(13, 19) + '+08:00'
      const next = new Date(Date.UTC(+text.slice(0, 4), +text.slice(5, 7) - 1, +text.slice(8, 10) + 1))
      return next.toISOString().slice(0, 10) + 'T0' + (hour - 24) + text.slice(13, 19) + '+08:00'
    }

const among = postgres ? '= ANY($1)' : 'IN (SELECT value FROM json_each(?))'
const list = ids => postgres ? [ids] : [JSON.stringify(ids)]
const GIVEN_UP = "('CANCELLED', 'REJECTED_RESULT', 'RETURNED')"

// What a viewer may see, as this server's author would write it into the statement.
const visible = ({ orgs }) => orgs.length === 0 ? '' : `WHERE EXISTS (SELECT 1 FROM assignment va WHERE va.incident_id = i.id
  AND va.state NOT IN ${GIVEN_UP} AND va.org_id IN (${orgs.map(it => `'${it}'`)}))`
const reporter = ({ orgs }) => orgs.length === 0 ? 'i.reporter_id' : `CASE WHEN i.complained_org_id IN
  (${orgs.map(it => `'${it}'`)}) THEN NULL ELSE i.reporter_id END`

const pageText = (viewer, size) => `SELECT i.id, i.no, i.title, i.state, i.urgency, i.reported_at, i.due_at,
  g.id, g.name, r.id, r.name, p.id, p.${viewer.name}
  FROM incident i LEFT JOIN grid g ON g.id = i.grid_id LEFT JOIN region r ON r.id = g.region_id
  LEFT JOIN bench_person p ON p.id = ${reporter(viewer)}
  ${visible(viewer)} ORDER BY i.reported_at DESC, i.id DESC LIMIT ${size + 1}`
const ROWS = 'SELECT a.incident_id, a.id, a.state, a.handle_due_at, o.id, o.name FROM assignment a JOIN org_unit o ON o.id = a.org_id'
const ROWS_OF_MANY = `${ROWS} WHERE a.incident_id ${among} ORDER BY a.round, a.seq, a.id`
const CASE = `SELECT i.id, i.no, i.title, i.state, i.urgency, i.reported_at, i.due_at FROM incident i WHERE i.no = ${mark}`
const ROWS_OF_ONE = `${ROWS} JOIN incident i ON i.id = a.incident_id WHERE i.no = ${mark} ORDER BY a.round, a.seq, a.id`
const CLOCKS_OF_ONE = `SELECT c.id, c.type, c.start_at, c.due_at, c.stopped_at, c.light FROM clock c
  JOIN incident i ON i.id = c.incident_id WHERE i.no = ${mark} ORDER BY c.start_at, c.id`

const caseOf = it => ({
  id: caseId(it[0]), no: it[1], title: it[2], state: it[3], urgency: it[4], reportedAt: moment(it[5]), dueAt: moment(it[6]),
  grid: null, reporter: null, assignments: []
})
const rowOf = it => ({ id: rowId(it[1]), state: it[2], handleDueAt: moment(it[3]), orgUnit: { id: orgId(it[4]), name: it[5] } })
const clockOf = it => ({
  id: clockId(it[0]), type: it[1], startAt: moment(it[2]), dueAt: moment(it[3]), stoppedAt: moment(it[4]), light: it[5]
})

async function page (first, viewer) {
  let found = ask(`page ${viewer.name} ${first}`, pageText(viewer, first), [])
  if (postgres) found = await found
  const more = found.length > first
  if (more) found.pop()
  const cases = new Map()
  const edges = found.map(it => {
    const node = caseOf(it)
    if (it[7]) node.grid = { id: gridId(it[7]), name: it[8], region: { id: regionId(it[9]), name: it[10] } }
    if (it[11]) node.reporter = { id: personId(it[11]), name: it[12] }
    cases.set(it[0], node)
    return { node }
  })
  let rows = ask('rows', ROWS_OF_MANY, list([...cases.keys()]))
  if (postgres) rows = await rows
  for (const it of rows) cases.get(it[0]).assignments.push(rowOf(it))
  return { edges, pageInfo: { hasNextPage: more } }
}

async function single (no) {
  let found = [ask('case', CASE, [no]), ask('case rows', ROWS_OF_ONE, [no]), ask('case clocks', CLOCKS_OF_ONE, [no])]
  if (postgres) found = await Promise.all(found)
  if (found[0].length === 0) return null
  return { ...caseOf(found[0][0]), assignments: found[1].map(rowOf), clocks: found[2].map(clockOf) }
}

const resolvers = {
  Query: {
    incidents: (_, { first }, { viewer }) => page(Math.min(first, 100), viewer),
    incident: (_, { no }) => single(no)
  }
}

const app = Fastify({ logger: false })
app.register(mercurius, {
  schema,
  resolvers,
  jit: 1,
  cache: true,
  context: request => ({ viewer: VIEWERS[request.headers['x-viewer'] ?? 'command'] })
})
await app.listen({ port: Number(port), host: '127.0.0.1' })
