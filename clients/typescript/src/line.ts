/** A socket that comes back: one connection at a time, opened again until it is closed for good. */

import { fullJitter, type Backoff } from './backoff.js';
import { SignedOutError } from './errors.js';

/** What we need of a WebSocket; browsers have it, and so has `ws`. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(frame: string): void;
  close(code?: number): void;
}

export type SocketClass = new (url: string) => SocketLike;

export type LineState = 'connecting' | 'open' | 'waiting' | 'closed';

export interface LineOptions {
  socket: SocketClass;
  /** Asked before each attempt, since the token is part of it. A SignedOutError ends the line. */
  url: () => Promise<string>;
  backoff: Backoff;
  /** Within how many milliseconds a handshake must be through. */
  timeout: number;
  onOpen: () => void;
  onFrame: (text: string) => void;
  /** A connection that was open is gone. */
  onLost: () => void;
  /** A handshake failed, for a reason that sockets do not tell. */
  onUnopened: () => Promise<void>;
  /** The service closed the connection for good; what is returned says whether to come back all the same. */
  onDismissed: (code: number) => Promise<boolean>;
  /** It is over. */
  onEnd: () => void;
  onState: (state: LineState) => void;
}

/** From here on, codes are final. */
const FINAL = 4500;

/** What a socket says that was never closed. */
const ABNORMAL = 1006;

export class Line {
  readonly #options: LineOptions;
  #socket: SocketLike | null = null;
  #state: LineState = 'closed';
  #attempt = 0;
  /** Counts what ends a connection or an attempt, so that what was awaited meanwhile is seen to be late. */
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  get state(): LineState {
    return this.#state;
  }

  open(): void {
    if (this.#state === 'closed') void this.#connect();
  }

  /** For good, unless it is opened again. */
  close(): void {
    this.#leave(1000);
    this.#become('closed');
  }

  /** Whether it could be sent. */
  send(frame: string): boolean {
    if (this.#state !== 'open' || !this.#socket) return false;
    this.#socket.send(frame);
    return true;
  }

  /** Gives this connection up for another, after a wait. */
  retry(): void {
    if (this.#state !== 'open') return;
    this.#leave(4000);
    this.#options.onLost();
    this.#wait();
  }

  /** The connection is of use: the next wait is a short one again. */
  proven(): void {
    this.#attempt = 0;
  }

  async #connect(): Promise<void> {
    this.#become('connecting');
    const turn = this.#turn;
    try {
      const url = await this.#options.url();
      if (turn === this.#turn) this.#dial(url);
    } catch (error) {
      if (turn !== this.#turn) return;
      if (error instanceof SignedOutError) this.#end();
      else this.#wait();
    }
  }

  #dial(url: string): void {
    const socket = new this.#options.socket(url);
    this.#socket = socket;
    this.#timer = setTimeout(() => {
      this.#leave();
      this.#wait();
    }, this.#options.timeout);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#become('open');
      this.#options.onOpen();
    };
    socket.onmessage = (event: { data: unknown }) => this.#options.onFrame(String(event.data));
    // A close follows, though not from every WebSocket whose handshake failed: Node's own has none.
    socket.onerror = () => {
      if (this.#state === 'connecting') void this.#closed(ABNORMAL);
    };
    socket.onclose = (event: { code: number }) => void this.#closed(event.code);
  }

  async #closed(code: number): Promise<void> {
    const opened = this.#state === 'open';
    this.#leave();
    this.#become('waiting');
    const turn = this.#turn;
    if (opened) this.#options.onLost();
    const comesBack = code < FINAL || (await this.#options.onDismissed(code));
    if (comesBack && !opened) await this.#options.onUnopened();
    if (turn !== this.#turn) return;
    if (comesBack) this.#wait();
    else this.#end();
  }

  #wait(): void {
    this.#become('waiting');
    this.#timer = setTimeout(() => void this.#connect(), fullJitter(this.#attempt, this.#options.backoff));
    this.#attempt += 1;
  }

  #end(): void {
    this.#become('closed');
    this.#options.onEnd();
  }

  /** Hears no more of the socket at hand. */
  #leave(code?: number): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => {};
    socket.close(code);
  }

  #become(state: LineState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
