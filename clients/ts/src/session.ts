/** Signing in and staying signed in: tokens over HTTP, with the platform's fetch alone. */

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token ends, ISO 8601. */
  readonly expiresAt: string;
}

/** A name with its password, or a function that gets tokens in another way, called whenever there are none. */
export type Credentials = { readonly username: string; readonly password: string } | (() => Promise<Tokens>);

/** The server refused, and trying again would not help; `code` is its error code. */
export class FeedError extends Error {
  constructor(readonly code: string, message: string) {
    super(`${message} (${code})`);
    this.name = 'FeedError';
  }
}

/** Nobody answers now, or the server asks to try again. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface WireError {
  readonly message?: string;
  readonly extensions?: { readonly code?: string };
}

export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly WireError[];
}

const TOKENS = 'accessToken refreshToken expiresAt';
const SIGN_IN = `mutation SignIn($username: String!, $password: String!) {
  signIn(input: { username: $username, password: $password }) { ${TOKENS} } }`;
export const REFRESH = `mutation Refresh($token: String!) { refreshSession(input: { refreshToken: $token }) { ${TOKENS} } }`;

/** Codes after which another try may succeed. */
export const AGAIN: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL']);
const SECONDS = 15;
const EARLY = 0.8; // of a token's life: then it is renewed

/** One person's tokens at one server; `url` is `http://host:port`, `/graphql` may follow. */
export class Session {
  readonly url: string;
  #tokens: Tokens | null = null;

  constructor(url: string, private readonly credentials: Credentials) {
    if (!/^https?:\/\/[^/]+/.test(url)) {
      throw new FeedError('BAD_INPUT', '地址写作 http://host:port Write the address as http://host:port');
    }
    this.url = url.replace(/\/+$/, '').replace(/\/graphql$/, '');
  }

  get access(): string {
    return this.#tokens?.accessToken ?? '';
  }

  get refresh(): string {
    return this.#tokens?.refreshToken ?? '';
  }

  /** `ws` for `http`, `wss` for `https`. */
  get socketUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/graphql`;
  }

  /** Have a token that is still good; FeedError when refused, Unreachable when nobody answers. */
  async ensure(): Promise<void> {
    if (this.secondsLeft() > 0) return;
    if (typeof this.credentials === 'function') {
      this.#tokens = await this.credentials();
    } else {
      this.take(await this.#post(SIGN_IN, this.credentials), 'signIn');
    }
  }

  /** The data of one query or mutation; FeedError when it is refused, Unreachable when nobody answers. */
  async ask(document: string, variables: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#post(document, variables);
    check(answer);
    return answer.data ?? {};
  }

  /** Keep the tokens of an answer; FeedError or Unreachable when it holds a refusal. */
  take(answer: Answer, field: string): void {
    check(answer);
    const given = answer.data?.[field] as Partial<Tokens> | null | undefined;
    if (!given?.accessToken || !given.refreshToken || !given.expiresAt) {
      throw new FeedError('INTERNAL', '没有令牌 No tokens came');
    }
    this.#tokens = { accessToken: given.accessToken, refreshToken: given.refreshToken, expiresAt: given.expiresAt };
  }

  /** Drop the tokens; the next `ensure` signs in again. */
  forget(): void {
    this.#tokens = null;
  }

  secondsLeft(): number {
    return this.#tokens ? (Date.parse(this.#tokens.expiresAt) - Date.now()) / 1000 : 0;
  }

  /** Seconds until the token should be renewed. */
  renewal(): number {
    return Math.max(1, this.secondsLeft() * EARLY);
  }

  async #post(query: string, variables: object): Promise<Answer> {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    };
    if (this.access) headers['authorization'] = `Bearer ${this.access}`;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), SECONDS * 1000);
    try {
      const body = JSON.stringify({ query, variables });
      const answer = await fetch(`${this.url}/graphql`, { method: 'POST', headers, body, signal: giveUp.signal });
      const said: unknown = await answer.json();
      if (typeof said !== 'object' || said === null) throw new Unreachable(`HTTP ${answer.status}`);
      return said;
    } catch (error) {
      throw error instanceof Unreachable ? error : new Unreachable(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Throw the first refusal of an answer. */
function check(answer: Answer): void {
  const [error] = answer.errors ?? [];
  if (!error) return;
  const code = error.extensions?.code ?? 'INTERNAL';
  throw AGAIN.has(code) ? new Unreachable(code) : new FeedError(code, error.message ?? '');
}
