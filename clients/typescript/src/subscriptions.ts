/** Subscriptions, renewed after each reconnect under the same ids. */

import { frame, guarded, type Request, type Wire } from './calls.js';
import { RefusedError, UnansweredError } from './errors.js';
import type { Answer } from './objects.js';

/** What every subscriber may want to know. */
export interface Keeping {
  /** It was renewed after a reconnect. What happened in between is only in the event stream. */
  again?(): void;
  /** The service refused it after a reconnect, so it has ended. */
  ended?(error: RefusedError): void;
}

/** An active subscription. */
export interface Subscription<T = null> {
  /** The data of the service's first answer. */
  readonly data: T;
  /** Ends the subscription. */
  cancel(): void;
}

export interface Plan {
  subscribe: Request;
  unsubscribe: Request;
  /** Takes an event. */
  hear: (answer: Answer) => void;
  /** Takes the first answer, and the one after each reconnect. */
  stands?: (data: unknown) => void;
  keeping: Keeping;
}

interface Kept extends Plan {
  /** The caller who waits for the first answer. */
  first: { resolve: (data: unknown) => void; reject: (error: Error) => void; timer: ReturnType<typeof setTimeout> } | null;
}

export class Subscriptions {
  readonly #wire: Wire;
  #kept = new Map<string, Kept>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Adds a subscription; settles with the first answer, on whichever connection it comes. */
  async add<T>(plan: Plan): Promise<Subscription<T>> {
    const id = this.#wire.name();
    const data = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => this.#drop(id, new UnansweredError('timeout', true)), this.#wire.timeout);
      this.#kept.set(id, { ...plan, first: { resolve, reject, timer } });
      this.#wire.send(frame(id, plan.subscribe));
    });
    return { data: data as T, cancel: () => this.#cancel(id) };
  }

  /** Subscribes on a new connection, which knows of no subscription yet. */
  opened(): void {
    for (const [id, { subscribe }] of this.#kept) this.#wire.send(frame(id, subscribe));
  }

  closed(): void {
    for (const id of this.#kept.keys()) this.#drop(id, new UnansweredError('closed', false));
  }

  /** Handles a frame; returns whether it was for a subscription. */
  hear(answer: Answer): boolean {
    const id = String(answer.request_id);
    const kept = this.#kept.get(id);
    if (!kept) return false;
    if (answer.action !== kept.subscribe.action) guarded(this.#wire, () => kept.hear(answer));
    else if (answer.response_status < 400) this.#stands(kept, answer.data);
    else this.#refused(id, kept, RefusedError.byAnswer(answer));
    return true;
  }

  #stands(kept: Kept, data: unknown): void {
    guarded(this.#wire, () => kept.stands?.(data));
    const { first } = kept;
    kept.first = null;
    if (!first) return guarded(this.#wire, () => kept.keeping.again?.());
    clearTimeout(first.timer);
    first.resolve(data);
  }

  #refused(id: string, kept: Kept, error: RefusedError): void {
    const stood = kept.first === null;
    this.#drop(id, error);
    if (stood) guarded(this.#wire, () => kept.keeping.ended?.(error));
  }

  #drop(id: string, error: Error): void {
    const first = this.#kept.get(id)?.first;
    this.#kept.delete(id);
    if (!first) return;
    clearTimeout(first.timer);
    first.reject(error);
  }

  /**
   * Unsubscribes. The answer comes under the same id and is ignored. A later connection does not know the subscription.
   */
  #cancel(id: string): void {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    if (kept) this.#wire.send(frame(id, kept.unsubscribe));
  }
}
