/** Requests that wait for their answers. */

import { RefusedError, UnansweredError } from './errors.js';
import type { Answer, Stream } from './objects.js';

/** One action, ready to be sent. */
export interface Request {
  stream: Stream;
  action: string;
  /** What stands beside `action`. */
  fields?: object;
  /** Whether it may be sent again: it has a key, under which it is done once. */
  repeatable?: boolean;
}

interface Waiting {
  frame: string;
  sent: boolean;
  /** Whether it is to be sent once a connection stands. */
  due: boolean;
  repeatable: boolean;
  timer: ReturnType<typeof setTimeout>;
  /** Takes an answer; says whether it was the last one. */
  take: (data: unknown) => boolean;
  fail: (error: Error) => void;
}

export function frame(id: string, { stream, action, fields }: Request): string {
  return JSON.stringify({ stream, payload: { action, request_id: id, ...fields } });
}

/** What calls, subscriptions and the event stream share. */
export interface Wire {
  /** Says whether the frame could be sent. */
  send(frame: string): boolean;
  /** A new request id. */
  name(): string;
  /** For how many milliseconds an answer is waited for. */
  timeout: number;
  /** Takes errors that nobody waits for. */
  report(error: unknown): void;
}

/** Runs what the caller gave us; its errors must not stop what comes next. */
export function guarded(wire: Wire, callback: () => void): void {
  try {
    callback();
  } catch (error) {
    wire.report(error);
  }
}

export class Calls {
  readonly #wire: Wire;
  #waiting = new Map<string, Waiting>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The data of the answer. Without a connection the request waits for one, as long as it waits for answers. */
  call<T>(request: Request): Promise<T> {
    return new Promise((resolve, reject) => {
      const take = (data: unknown) => {
        resolve(data as T);
        return true;
      };
      this.#ask(request, take, reject);
    });
  }

  /** An answer in several frames; `take` says of each whether it was the last. */
  collect<T>(request: Request, take: (data: T) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const taken = (data: unknown) => {
        const last = take(data as T);
        if (last) resolve();
        return last;
      };
      this.#ask(request, taken, reject);
    });
  }

  #ask(request: Request, take: Waiting['take'], fail: Waiting['fail']): void {
    const id = this.#wire.name();
    const text = frame(id, request);
    const sent = this.#wire.send(text);
    const repeatable = request.repeatable ?? false;
    this.#waiting.set(id, { frame: text, sent, due: !sent, repeatable, timer: this.#clock(id), take, fail });
  }

  /** A connection stands: what could not be sent before, or may be sent again, is sent now. */
  opened(): void {
    for (const waiting of this.#waiting.values()) {
      if (!waiting.due) continue;
      waiting.due = !this.#wire.send(waiting.frame);
      waiting.sent ||= !waiting.due;
    }
  }

  /** The connection is gone: what was sent will not be answered, and nobody knows whether it took effect. */
  lost(): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.repeatable) waiting.due = true;
      else if (waiting.sent) this.#fail(id, 'disconnected');
    }
  }

  closed(): void {
    for (const id of this.#waiting.keys()) this.#fail(id, 'closed');
  }

  /** Whether the frame was the answer to a call. */
  hear(answer: Answer): boolean {
    const id = String(answer.request_id);
    const waiting = this.#waiting.get(id);
    if (!waiting) return false;
    if (answer.response_status >= 400) {
      this.#forget(id, waiting);
      waiting.fail(RefusedError.byAnswer(answer));
    } else {
      this.#take(id, waiting, answer.data);
    }
    return true;
  }

  #take(id: string, waiting: Waiting, data: unknown): void {
    clearTimeout(waiting.timer);
    let last = true;
    guarded(this.#wire, () => (last = waiting.take(data)));
    if (last) this.#forget(id, waiting);
    else waiting.timer = this.#clock(id);
  }

  #clock(id: string): Waiting['timer'] {
    return setTimeout(() => this.#fail(id, 'timeout'), this.#wire.timeout);
  }

  #fail(id: string, reason: UnansweredError['reason']): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#forget(id, waiting);
    waiting.fail(new UnansweredError(reason, waiting.sent));
  }

  #forget(id: string, { timer }: Waiting): void {
    clearTimeout(timer);
    this.#waiting.delete(id);
  }
}
