/**
 * Follows streams over graphql-transport-ws: resumes by cursor, checks the chain, never stops quietly.
 *
 * Event streams are resumed (`$after`), and each item is checked against the one before (`follows`); state streams begin
 * again with their snapshot. A stream that is silent for `silence` seconds is given up; reconnection backs off.
 */

import { Closed, Line, Silent, type SocketFactory } from './line.js';
import { AGAIN, type Answer, FeedError, REFRESH, type Session, Unreachable, type WireError } from './session.js';

/** A subscription: its field, its document, whether it resumes (`$after`), whether it sends heartbeats. */
export interface Stream {
  readonly name: string;
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly resumable?: boolean;
  readonly beats?: boolean;
}

export type Item = Readonly<Record<string, unknown>>;

export type Notice =
  | { readonly kind: 'connected'; readonly again: boolean }
  /** Another connection is tried after `wait` seconds. */
  | { readonly kind: 'lost'; readonly reason: string; readonly wait: number }
  | { readonly kind: 'item'; readonly stream: string; readonly value: Item }
  /** Items are missing and will not come: query anew. `why`: the gap's reason, `CHAIN` or `BAD_CURSOR`. */
  | { readonly kind: 'missed'; readonly stream: string; readonly why: string };

export interface FeedOptions {
  /** Seconds without an item after which a stream is given up: two and a half heartbeats. */
  readonly silence?: number;
  /** How to make a socket where the platform has no WebSocket. */
  readonly socket?: SocketFactory;
}

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

const SUBPROTOCOL = 'graphql-transport-ws';
const FIRST_WAIT = 0.5;
const LONGEST_WAIT = 20;
const PATIENCE = 10_000;
const FAREWELL = 500;
const SESSION = 'session'; // the id of our own operation that renews the tokens
const SIGN_IN_AGAIN: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'SESSION_ENDED']);
const OUR_FAULT: ReadonlySet<number> = new Set([4400, 4401, 4406, 4409, 4429]);

/** This connection has served; open another. */
class Again extends Error {}

export class FeedClient {
  readonly cursors = new Map<string, string | null>();
  readonly #streams = new Map<string, Stream>();
  readonly #heard = new Map<string, number>();
  readonly #silence: number;
  readonly #socket: SocketFactory;
  #failures = 0;
  #connections = 0;

  constructor(readonly session: Session, streams: readonly Stream[], options: FeedOptions = {}) {
    for (const stream of streams) {
      this.#streams.set(stream.name, stream);
      this.cursors.set(stream.name, null);
    }
    this.#silence = (options.silence ?? 25) * 1000;
    this.#socket = options.socket ?? ((url, subprotocol) => new WebSocket(url, subprotocol));
  }

  /** Every item of every stream, in order, across interruptions; FeedError when refused for good, ends on `signal`. */
  async *listen(signal?: AbortSignal): AsyncGenerator<Notice, void, undefined> {
    while (!signal?.aborted) {
      let ended: unknown;
      try {
        await this.session.ensure();
        yield* this.#connection(signal);
      } catch (error) {
        ended = error;
      }
      if (signal?.aborted) return;
      const [reason, hint] = this.#ending(ended);
      const wait = hint ?? this.#wait();
      yield { kind: 'lost', reason, wait };
      await sleep(wait, signal);
    }
  }

  async *#connection(signal?: AbortSignal): AsyncGenerator<Notice, void, undefined> {
    const line = await Line.open(this.#socket, this.session.socketUrl, SUBPROTOCOL, PATIENCE);
    const leave = (): void => line.leave();
    signal?.addEventListener('abort', leave);
    let renewing: ReturnType<typeof setTimeout> | undefined;
    const renew = (): void => {
      renewing = setTimeout(() => {
        line.send({ id: SESSION, type: 'subscribe', payload: { query: REFRESH, variables: { token: this.session.refresh } } });
      }, this.session.renewal() * 1000);
    };
    try {
      await this.#greet(line);
      yield { kind: 'connected', again: this.#connections++ > 0 };
      renew();
      for (;;) {
        const message = await this.#next(line);
        if (message.type === 'ping') {
          line.send({ type: 'pong', ...(message.payload === undefined ? {} : { payload: message.payload }) });
        } else if (message.id === SESSION) {
          if (this.#renewed(message)) renew();
        } else {
          yield* this.#told(message, line);
        }
      }
    } finally {
      clearTimeout(renewing);
      signal?.removeEventListener('abort', leave);
      line.leave();
    }
  }

  async *#told(message: Message, line: Line): AsyncGenerator<Notice, void, undefined> {
    for (const notice of this.#understand(message)) {
      this.#failures = 0;
      yield notice;
    }
    const over = message.type === 'complete' || message.type === 'error';
    if (over && this.#streams.has(message.id ?? '')) await farewell(line, message.type);
  }

  async #greet(line: Line): Promise<void> {
    line.send({ type: 'connection_init', payload: { authorization: `Bearer ${this.session.access}` } });
    while (parsed(await line.next(PATIENCE)).type !== 'connection_ack');
    for (const stream of this.#streams.values()) {
      const after = stream.resumable === false ? {} : { after: this.cursors.get(stream.name) ?? null };
      const payload = { query: stream.document, variables: { ...stream.variables, ...after } };
      line.send({ id: stream.name, type: 'subscribe', payload });
      this.#heard.set(stream.name, Date.now());
    }
  }

  /** The next message. Streams that beat must not be silent too long; where none does, the server is asked to answer. */
  async #next(line: Line): Promise<Message> {
    const beating = [...this.#streams.values()].filter((it) => it.beats !== false);
    if (beating.length > 0) {
      const oldest = Math.min(...beating.map((it) => this.#heard.get(it.name) ?? 0));
      return parsed(await line.next(oldest + this.#silence - Date.now()));
    }
    const asking = setTimeout(() => line.send({ type: 'ping' }), this.#silence * 0.4);
    try {
      return parsed(await line.next(this.#silence));
    } finally {
      clearTimeout(asking);
    }
  }

  /** Why a connection ended, and after how many seconds the server wants us back. Throws what is final. */
  #ending(error: unknown): [string, number?] {
    if (error instanceof Closed) {
      if (OUR_FAULT.has(error.code)) throw new FeedError(String(error.code), error.reason);
      if (SIGN_IN_AGAIN.has(error.reason)) this.session.forget();
      const hint = /retryAfterMs=(\d+)/.exec(error.reason)?.[1];
      return hint === undefined ? [error.message] : [error.message, Number(hint) / 1000];
    }
    if (error instanceof Again || error instanceof Silent || error instanceof Unreachable) return [error.message];
    throw error;
  }

  /** Full jitter under a doubling ceiling: a thousand consoles do not come back at one moment. */
  #wait(): number {
    this.#failures += 1;
    const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures);
    return FIRST_WAIT / 2 + Math.random() * (ceiling - FIRST_WAIT / 2);
  }

  /** Whether the answer to our renewal brought tokens. */
  #renewed(message: Message): boolean {
    if (message.type === 'complete') return false;
    const answer = message.type === 'error' ? { errors: message.payload as WireError[] } : (message.payload as Answer);
    try {
      this.session.take(answer, 'refreshSession');
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      this.session.forget();
      throw new Again(error.code);
    }
    return true;
  }

  #understand(message: Message): Notice[] {
    const stream = this.#streams.get(message.id ?? '');
    if (!stream || (message.type !== 'next' && message.type !== 'error')) return [];
    this.#heard.set(stream.name, Date.now());
    if (message.type === 'error') return this.#refused(stream, message.payload as WireError[]);
    const answer = message.payload as Answer;
    const value = answer.data?.[stream.name];
    if (typeof value !== 'object' || value === null) return this.#refused(stream, answer.errors ?? []);
    return this.#taken(stream, value as Item);
  }

  #refused({ name }: Stream, errors: readonly WireError[]): Notice[] {
    const code = errors[0]?.extensions?.code ?? 'INTERNAL';
    if (code === 'BAD_CURSOR' && this.cursors.get(name)) {
      this.cursors.set(name, null);
      return [{ kind: 'missed', stream: name, why: code }];
    }
    if (AGAIN.has(code)) throw new Unreachable(code);
    if (SIGN_IN_AGAIN.has(code)) {
      this.session.forget();
      throw new Again(code);
    }
    throw new FeedError(code, errors[0]?.message ?? '');
  }

  #taken({ name, resumable }: Stream, value: Item): Notice[] {
    const resumeAt = typeof value['resumeAt'] === 'string' ? value['resumeAt'] : null;
    if (value['__typename'] === 'FeedRevoked') this.#revoked(name, String(value['revoked']), resumeAt);
    if (value['__typename'] === 'FeedGap') {
      this.cursors.set(name, resumeAt);
      return value['gap'] === 'OVERLOAD' ? [] : [{ kind: 'missed', stream: name, why: String(value['gap']) }];
    }
    const notices: Notice[] = [];
    if (resumable !== false && typeof value['cursor'] === 'string' && 'follows' in value) {
      const last = this.cursors.get(name) ?? null;
      if (last !== null && last !== value['follows']) notices.push({ kind: 'missed', stream: name, why: 'CHAIN' });
      this.cursors.set(name, value['cursor']);
    }
    return [...notices, { kind: 'item', stream: name, value }];
  }

  /** Rights changed: go on under the new ones. The session ended: sign in again. Locked: stop. */
  #revoked(name: string, reason: string, resumeAt: string | null): never {
    if (reason === 'ACCOUNT_LOCKED') throw new FeedError(reason, '账号已锁定 The account is locked');
    if (reason === 'SESSION_ENDED') this.session.forget();
    this.cursors.set(name, resumeAt ?? this.cursors.get(name) ?? null);
    throw new Again(reason);
  }
}

function parsed(text: string): Message {
  return JSON.parse(text) as Message;
}

/** A stream ended: a server that stops says next when to come back; else begin the stream again. */
async function farewell(line: Line, kind: string): Promise<never> {
  const deadline = Date.now() + FAREWELL;
  try {
    for (;;) await line.next(deadline - Date.now());
  } catch (error) {
    throw error instanceof Silent ? new Again(kind) : error;
  }
}

function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = (): void => { clearTimeout(timer); signal?.removeEventListener('abort', end); done(); };
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener('abort', end);
  });
}
