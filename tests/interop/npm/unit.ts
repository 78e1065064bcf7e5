// The parts of our client, with a socket that says what the test wants.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FeedClient, FeedError, Session, type Notice, type Socket, type Stream } from '../../../clients/ts/src/index.js';
import { Closed, Line, Silent } from '../../../clients/ts/src/line.js';

class Fake implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly sent: { id?: string; type: string; payload?: { variables?: Record<string, unknown> } }[] = [];
  constructor(private readonly replies: (fake: Fake, type: string) => void = () => undefined) {
    queueMicrotask(() => this.onopen?.({}));
  }
  send(text: string): void {
    const message = JSON.parse(text) as (typeof this.sent)[number];
    this.sent.push(message);
    queueMicrotask(() => this.replies(this, message.type));
  }
  close(code = 1000, reason = ''): void { queueMicrotask(() => this.onclose?.({ code, reason })); }
  say(message: object): void { this.onmessage?.({ data: JSON.stringify(message) }); }
}

const FEED: Stream = { name: 'feed', document: 'subscription' };
const tokens = async () => ({
  accessToken: 'a', refreshToken: 'r', expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
});
const next = (feed: object) => ({ id: 'feed', type: 'next', payload: { data: { feed } } });

/** What a client makes of items that a server sends on each connection, until so many notices came. */
async function heard(count: number, ...connections: object[][]): Promise<{ notices: Notice[]; sockets: Fake[] }> {
  const sockets: Fake[] = [];
  const socket = (): Fake => {
    const items = connections[sockets.length] ?? [];
    const fake = new Fake((it, type) => {
      if (type === 'connection_init') it.say({ type: 'connection_ack' });
      if (type === 'subscribe') for (const item of items) it.say(item);
    });
    sockets.push(fake);
    return fake;
  };
  const client = new FeedClient(new Session('http://x', tokens), [FEED], { socket });
  const stop = new AbortController();
  const notices: Notice[] = [];
  for await (const notice of client.listen(stop.signal)) {
    notices.push(notice);
    if (notices.length >= count) stop.abort();
  }
  return { notices, sockets };
}

test('an address may be that of the endpoint, and must be one', () => {
  assert.equal(new Session('https://host/graphql/', tokens).socketUrl, 'wss://host/graphql');
  for (const url of ['nowhere', 'ftp://host', 'http://']) assert.throws(() => new Session(url, tokens), FeedError);
});

test('tokens are renewed at eight tenths of their life, and at most once a second', async () => {
  const session = new Session('http://x', tokens);
  assert.equal(session.renewal(), 1);
  await session.ensure();
  assert.ok(Math.abs(session.renewal() - 2880) < 5);
  session.forget();
  assert.equal(session.secondsLeft(), 0);
});

test('refusals are told apart: those that another try may mend, and those that are final', () => {
  const session = new Session('http://x', tokens);
  for (const [code, name] of [['UNAVAILABLE', 'Unreachable'], ['BAD_CREDENTIALS', 'FeedError']] as const) {
    assert.throws(() => session.take({ errors: [{ message: 'no', extensions: { code } }] }, 'signIn'), { name });
  }
  assert.throws(() => session.take({ data: { signIn: null } }, 'signIn'), FeedError);
});

test('a line gives what came before it tells of its end', async () => {
  const fake = new Fake();
  const line = await Line.open(() => fake, 'ws://x', 'p', 100);
  fake.say({ n: 1 });
  fake.onclose?.({ code: 1012, reason: 'retryAfterMs=5' });
  assert.equal(await line.next(100), '{"n":1}');
  await assert.rejects(line.next(100), (error) => error instanceof Closed && error.code === 1012);
});

test('a line that is silent is left', async () => {
  const line = await Line.open(() => new Fake(), 'ws://x', 'p', 100);
  await assert.rejects(line.next(10), Silent);
});

test('a chain that holds says nothing, and one that breaks says so once', async () => {
  const { notices } = await heard(6, [
    next({ __typename: 'FeedHeartbeat', cursor: 'a', follows: 'a' }),
    next({ __typename: 'FeedEvent', cursor: 'b', follows: 'a' }),
    next({ __typename: 'FeedEvent', cursor: 'd', follows: 'c' }),
    next({ __typename: 'FeedEvent', cursor: 'e', follows: 'd' }),
  ]);
  assert.deepEqual(notices.map((it) => (it.kind === 'missed' ? it.why : it.kind)),
    ['connected', 'item', 'item', 'CHAIN', 'item', 'item']);
});

test('a gap by overload is read on from where it says, without a word of missing', async () => {
  const first = [next({ __typename: 'FeedHeartbeat', cursor: 'a', follows: 'a' }),
    next({ __typename: 'FeedGap', gap: 'OVERLOAD', resumeAt: 'a' }), { id: 'feed', type: 'complete' }];
  const { notices, sockets } = await heard(5, first, [next({ __typename: 'FeedHeartbeat', cursor: 'a', follows: 'a' })]);
  assert.deepEqual(notices.map((it) => it.kind), ['connected', 'item', 'lost', 'connected', 'item']);
  assert.equal(sockets[1]?.sent.find((it) => it.type === 'subscribe')?.payload?.variables?.['after'], 'a');
});

test('a server that stops says in its reason when to come back', async () => {
  const replies = [next({ __typename: 'FeedHeartbeat', cursor: 'a', follows: 'a' })];
  const client = new FeedClient(new Session('http://x', tokens), [FEED], {
    socket: () => new Fake((it, type) => {
      if (type === 'connection_init') it.say({ type: 'connection_ack' });
      if (type === 'subscribe') { it.say(replies[0] ?? {}); it.close(1012, 'retryAfterMs=1234'); }
    }),
  });
  for await (const notice of client.listen()) {
    if (notice.kind !== 'lost') continue;
    assert.equal(notice.wait, 1.234);
    break;
  }
});

test('what is refused for good ends it', async () => {
  const refusal = { id: 'feed', type: 'error', payload: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] };
  await assert.rejects(heard(9, [refusal]), (error) => error instanceof FeedError && error.code === 'FORBIDDEN');
});
