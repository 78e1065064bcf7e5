/** One websocket as a queue of messages: whoever reads gets the next one, its end, or nothing within some time. */

interface Handler<E> {
  call(event: E): void; // as a method, so that handlers of other libraries' sockets fit
}
type On<E> = Handler<E>['call'] | null;

/** What is needed of a WebSocket: the platform's, or that of `ws`. */
export interface Socket {
  onopen: On<unknown>;
  onmessage: On<{ readonly data: unknown }>;
  onclose: On<{ readonly code: number; readonly reason: string }>;
  onerror: On<unknown>;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type SocketFactory = (url: string, subprotocol: string) => Socket;

export class Closed extends Error {
  constructor(readonly code: number, readonly reason: string) {
    super(`${code} ${reason}`.trim());
  }
}

export class Silent extends Error {
  constructor() {
    super('超时 timed out');
  }
}

export class Line {
  readonly #socket: Socket;
  readonly #queue: string[] = [];
  #end: Closed | null = null;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#put(() => this.#queue.push(String(data)));
    socket.onclose = ({ code, reason }) => this.#put(() => { this.#end ??= new Closed(code, reason); });
    socket.onerror = () => undefined; // its `close` follows
  }

  /** An open line; Closed or Silent when none comes about. */
  static async open(made: SocketFactory, url: string, subprotocol: string, milliseconds: number): Promise<Line> {
    const socket = made(url, subprotocol);
    const line = new Line(socket);
    let open = false;
    socket.onopen = () => line.#put(() => { open = true; });
    await line.#until(() => open, milliseconds);
    return line;
  }

  /** The next message; Closed when the line has ended, Silent when nothing comes in time. */
  async next(milliseconds: number): Promise<string> {
    await this.#until(() => this.#queue.length > 0, milliseconds);
    return this.#queue.shift() ?? '';
  }

  send(message: object): void {
    if (!this.#end) this.#socket.send(JSON.stringify(message));
  }

  /** Leave; whoever waits for a message is told Closed at once, even when the peer is dead. */
  leave(): void {
    this.#put(() => { this.#end ??= new Closed(1000, ''); });
    this.#socket.close(1000);
  }

  async #until(fact: () => boolean, milliseconds: number): Promise<void> {
    const deadline = Date.now() + milliseconds;
    while (!fact()) {
      if (this.#end) throw this.#end;
      const left = deadline - Date.now();
      if (left <= 0) {
        this.leave();
        throw new Silent();
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, left);
        this.#wake = () => { clearTimeout(timer); done(); };
      });
    }
  }

  #put(change: () => void): void {
    change();
    this.#wake();
  }
}
