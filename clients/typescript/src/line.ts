/** A socket that reconnects: one connection at a time, opened again until it is closed for good. */

import { fullJitter, type Backoff } from './backoff.js';
import { SignedOutError } from './errors.js';

/** The part of a WebSocket that is needed; browsers have it, and so does `ws`. */
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
  /** Called before each attempt, because the token is part of the URL. A SignedOutError ends the line. */
  url: () => Promise<string>;
  backoff: Backoff;
  /** The longest time for a handshake, in milliseconds. */
  timeout: number;
  onOpen: () => void;
  onFrame: (text: string) => void;
  /** An open connection was lost. */
  onLost: () => void;
  /** A handshake failed, for a reason that sockets do not reveal. */
  onUnopened: () => Promise<void>;
  /** The service closed the connection for good; the result says whether to reconnect all the same. */
  onDismissed: (code: number) => Promise<boolean>;
  /** The line has ended. */
  onEnd: () => void;
  onState: (state: LineState) => void;
}

/** Close codes from here on are final. */
const FINAL = 4500;

/** The close code of a socket that was never closed. */
const ABNORMAL = 1006;

export class Line {
  readonly #options: LineOptions;
  #socket: SocketLike | null = null;
  #state: LineState = 'closed';
  #attempt = 0;
  /** Counts ended connections and attempts, so that a late result is recognised. */
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

  /** Closes the line, for good unless it is opened again. */
  close(): void {
    this.#leave(1000);
    this.#become('closed');
  }

  /** Sends a frame; returns whether that was possible. */
  send(frame: string): boolean {
    if (this.#state !== 'open' || !this.#socket) return false;
    this.#socket.send(frame);
    return true;
  }

  /** Replaces this connection by another one after a wait. */
  retry(): void {
    if (this.#state !== 'open') return;
    this.#leave(4000);
    this.#options.onLost();
    this.#wait();
  }

  /** Notes that the connection works, so the next wait is short again. */
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
    // A close event follows, except from some WebSockets whose handshake failed, such as Node's own.
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

  /** Stops listening to the current socket. */
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
