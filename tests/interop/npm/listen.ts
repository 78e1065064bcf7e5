// Our own client as a program: prints what it hears, a line for each notice. Its argument is JSON; see listeners.py.

import WebSocket from 'ws';
import { FeedClient, FeedError, Session, type Credentials, type Stream, type Tokens } from '../../../clients/ts/src/index.js';

interface Asked {
  readonly url: string;
  readonly socketUrl: string;
  readonly username: string;
  readonly password: string;
  readonly streams: readonly Stream[];
  readonly cursors: Readonly<Record<string, string>>;
  readonly silence: number;
  readonly tokenSeconds: number | null;
}

const asked = JSON.parse(process.argv[2] ?? '') as Asked;
const say = (line: object): void => console.log(JSON.stringify(line));

async function shortLived(seconds: number): Promise<Tokens> {
  const credentials: Credentials = { username: asked.username, password: asked.password };
  const session = new Session(asked.url, credentials);
  await session.ensure();
  const expiresAt = new Date(Date.now() + seconds * 1000).toISOString();
  return { accessToken: session.access, refreshToken: session.refresh, expiresAt };
}

const seconds = asked.tokenSeconds;
const session = new Session(asked.url, seconds === null ? asked : () => shortLived(seconds));
const client = new FeedClient(session, asked.streams, {
  silence: asked.silence,
  socket: (_url, subprotocol) => new WebSocket(asked.socketUrl, subprotocol),
});
for (const [name, cursor] of Object.entries(asked.cursors)) client.cursors.set(name, cursor);
const stop = new AbortController();
process.stdin.on('data', () => stop.abort()); // a line on the standard input ends it
try {
  for await (const notice of client.listen(stop.signal)) say(notice);
  say({ kind: 'stopped' });
} catch (error) {
  if (!(error instanceof FeedError)) throw error;
  say({ kind: 'failed', code: error.code });
}
process.exit(0);

// What the types must refuse.
// @ts-expect-error a stream has a document
export const nameless: Stream = { name: 'feed' };
// @ts-expect-error tokens say when they end
export const endless: Credentials = async () => ({ accessToken: 'a', refreshToken: 'b' });
