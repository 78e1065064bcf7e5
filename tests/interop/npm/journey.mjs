// What every client goes through, whatever library it is made of: sign in, ask, report, listen, lose the connection,
// go on where it stopped, be signed out. Prints what it saw as JSON; the tests beside it judge that.

import net from 'node:net';
import { randomUUID } from 'node:crypto';

export const SIGN_IN = `mutation SignIn($input: SignInInput!) { signIn(input: $input) { accessToken viewer { username } } }`;
const VIEWER = `query Viewer { viewer { username } }`;
const REPORT = `mutation Report($input: ReportIncidentInput!) { reportIncident(input: $input) { incident { no } } }`;
const SIGN_OUT = `mutation SignOut { signOut { signedOut } }`;
const ITEM = `__typename ... on FeedEvent { cursor follows kind incident { no } } ... on FeedHeartbeat { cursor follows }
  ... on FeedGap { gap resumeAt } ... on FeedRevoked { revoked resumeAt }`;
const FEED = `subscription Feed($after: Cursor) { feed(after: $after, filter: { kinds: [REPORTED] }) { ${ITEM} } }`;
const CENTRE = `subscription Centre($after: Cursor) { commandCentre(after: $after) { ${ITEM} } }`;

/** A proxy to the server, which can cut every connection and let nobody in for a while. */
export async function proxyTo(address) {
  const [host, port] = address.split(':');
  const sockets = new Set();
  let open = true;
  const proxy = net.createServer((near) => {
    if (!open) return near.destroy();
    const far = net.connect(Number(port), host);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => { sockets.delete(one); other.destroy(); });
      one.pipe(other);
    }
  });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  return {
    address: `127.0.0.1:${proxy.address().port}`,
    cut() { open = false; for (const socket of sockets) socket.destroy(); },
    mend() { open = true; },
    close() { this.cut(); proxy.close(); },
  };
}

export async function post(address, query, variables, token) {
  const answer = await fetch(`http://${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query, variables }),
  });
  const body = await answer.json();
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

export function aReport(title) {
  return { input: {
    idempotencyKey: randomUUID(), domain: 'LIVELIHOOD', kind: 'HELP', categoryCode: 'HJ-JS-YP', title,
    source: 'HOTLINE_12345', address: '安胜社区3号楼前', complainant: { name: '王秀兰', phone: '00000000001' },
  } };
}

/** Items of one stream as they come; `until` waits for one. */
export class Heard {
  items = []; ended = null; #wake = () => {};
  next = (result) => {
    if (result.errors?.length) return this.error(result.errors);
    const item = Object.values(result.data ?? {})[0];
    if (item) this.items.push(item);
    this.#wake();
  };
  error = (error) => { this.ended ??= { error: String(error?.message ?? JSON.stringify(error)) }; this.#wake(); };
  complete = () => { this.ended ??= { complete: true }; this.#wake(); };
  async until(seen, what) {
    const deadline = Date.now() + 10_000;
    while (!seen(this)) {
      if (this.ended && !seen(this)) throw new Error(`ended before ${what}: ${JSON.stringify([this.ended, this.items])}`);
      if (Date.now() > deadline) throw new Error(`no ${what}: ${JSON.stringify(this.items)}`);
      await new Promise((done) => { this.#wake = done; setTimeout(done, 100); });
    }
  }
  get reported() { return this.items.filter((it) => it.__typename === 'FeedEvent').map((it) => it.incident?.no); }
}

/**
 * `made(address, token)` gives a client: `ask(document, variables)` and `listen(document, variables, sink)`; its
 * `signIn` may be its own way to sign in before there is a token.
 */
export async function journey(server, made) {
  const proxy = await proxyTo(server);
  const nobody = await made(proxy.address, () => null);
  const signed = (await nobody.ask(SIGN_IN, { input: { username: 'acceptor', password: 'Fengqiao-demo-1' } })).signIn;
  await nobody.close();
  const client = await made(proxy.address, () => signed.accessToken);
  const viewer = (await client.ask(VIEWER, {})).viewer.username;
  const report = async (title) => (await client.ask(REPORT, aReport(title))).reportIncident.incident.no;
  const streams = { feed: new Heard(), commandCentre: new Heard() };
  const both = Object.values(streams);
  client.listen(FEED, { after: null }, streams.feed);
  client.listen(CENTRE, { after: null }, streams.commandCentre);
  for (const it of both) await it.until((heard) => heard.items.length > 0, 'first heartbeat');
  const numbers = [await report('断线之前')];
  for (const it of both) await it.until((heard) => heard.reported.includes(numbers[0]), 'live event');
  proxy.cut();
  for (const title of ['断线之中一', '断线之中二']) {
    numbers.push((await post(server, REPORT, aReport(title), signed.accessToken)).reportIncident.incident.no);
  }
  proxy.mend();
  for (const it of both) await it.until((heard) => heard.reported.includes(numbers[2]), 'event after the cut');
  numbers.push(await report('断线之后'));
  for (const it of both) await it.until((heard) => heard.reported.includes(numbers[3]), 'event after the return');
  const signedOut = (await client.ask(SIGN_OUT, {})).signOut.signedOut;
  for (const it of both) await it.until((heard) => heard.ended, 'end');
  await client.close();
  proxy.close();
  const told = Object.fromEntries(Object.entries(streams).map(([name, it]) => [name, { items: it.items, ended: it.ended }]));
  console.log(JSON.stringify({ viewer, numbers, signedOut, streams: told }));
  process.exit(0);
}
