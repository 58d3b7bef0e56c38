/** Requests that wait for their answers. */

import { RefusedError, UnansweredError } from './errors.js';
import type { Answer, Stream } from './objects.js';

/** An action to send. */
export interface Request {
  stream: Stream;
  action: string;
  /** The fields beside `action`. */
  fields?: object;
  /** Whether it may be sent again: it has a key, under which it is carried out once. */
  repeatable?: boolean;
}

interface Waiting {
  frame: string;
  sent: boolean;
  /** Whether to send it once a connection is open. */
  due: boolean;
  repeatable: boolean;
  timer: ReturnType<typeof setTimeout>;
  /** Takes an answer; returns whether it was the last one. */
  take: (data: unknown) => boolean;
  fail: (error: Error) => void;
}

export function frame(id: string, { stream, action, fields }: Request): string {
  return JSON.stringify({ stream, payload: { action, request_id: id, ...fields } });
}

/** What calls, subscriptions and the event stream share. */
export interface Wire {
  /** Sends a frame; returns whether that was possible. */
  send(frame: string): boolean;
  /** Makes a new request id. */
  name(): string;
  /** How long to wait for an answer, in milliseconds. */
  timeout: number;
  /** Takes errors that no promise carries. */
  report(error: unknown): void;
}

/** Runs the caller's callback. Its errors must not stop what follows. */
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

  /** Sends a request and gives the answer's data. Without a connection it waits for one, as long as for an answer. */
  call<T>(request: Request): Promise<T> {
    return new Promise((resolve, reject) => {
      const take = (data: unknown) => {
        resolve(data as T);
        return true;
      };
      this.#ask(request, take, reject);
    });
  }

  /** Sends a request that is answered in several frames; `take` returns whether the frame was the last. */
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

  /** On an open connection, sends what could not be sent before and what may be sent again. */
  opened(): void {
    for (const waiting of this.#waiting.values()) {
      if (!waiting.due) continue;
      waiting.due = !this.#wire.send(waiting.frame);
      waiting.sent ||= !waiting.due;
    }
  }

  /** On a lost connection, fails what was sent: it will not be answered, and may or may not have taken effect. */
  lost(): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.repeatable) waiting.due = true;
      else if (waiting.sent) this.#fail(id, 'disconnected');
    }
  }

  closed(): void {
    for (const id of this.#waiting.keys()) this.#fail(id, 'closed');
  }

  /** Handles a frame; returns whether it was the answer to a call. */
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
