/** The event stream, resumed from the last positions: each event once and in order. */

import { frame, guarded, type Wire } from './calls.js';
import { RefusedError } from './errors.js';
import type { Answer, Offer, Position, ServiceEvent, Snapshot, SnapshotReason } from './objects.js';
import { Positions } from './positions.js';

/** What a follower gets. `positions` are those to keep, and to follow from the next time. */
export interface Listener {
  /** Replaces everything that was known before. */
  snapshot(snapshot: Snapshot, positions: Position[], reason: SnapshotReason): void;
  /** The next event. */
  event(event: ServiceEvent, positions: Position[]): void;
  /** Nothing was missed; the events since then follow. */
  resumed?(positions: Position[]): void;
  /** A trip is offered to the driver, and the offer is acknowledged: accept or decline it before it is `due`. */
  offer?(offer: Offer): void;
  /** An offer has ended; its state says how. */
  offerEnded?(offer: Offer): void;
}

type Resumed =
  | { resumed: true; positions: Position[] }
  | { resumed: false; reason: SnapshotReason; positions: Position[]; snapshot: Snapshot };

interface Sent {
  position: Position;
  also?: Position[];
  event: ServiceEvent;
}

export class Follower {
  readonly #wire: Wire;
  readonly #listener: Listener;
  readonly #retry: () => void;
  readonly #positions: Positions;
  #request: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The number of faults since the last event that fitted. */
  #faults = 0;

  /** `retry` replaces the connection by another one after a wait. */
  constructor(wire: Wire, listener: Listener, positions: Position[], retry: () => void) {
    this.#wire = wire;
    this.#listener = listener;
    this.#positions = new Positions(positions);
    this.#retry = retry;
  }

  get positions(): Position[] {
    return this.#positions.list;
  }

  /** Asks for the events after the last positions. What an earlier request still brings is ignored. */
  resume(): void {
    this.lost();
    const id = this.#wire.name();
    const fields = { data: { positions: this.#positions.list } };
    if (!this.#wire.send(frame(id, { stream: 'trips', action: 'resume', fields }))) return;
    this.#request = id;
    this.#timer = setTimeout(this.#retry, this.#wire.timeout);
  }

  lost(): void {
    clearTimeout(this.#timer);
    this.#request = null;
  }

  /** Handles a frame; returns whether it was for the follower. */
  hear(answer: Answer): boolean {
    if (this.#request === null || answer.request_id !== this.#request) return false;
    if (answer.response_status >= 400) this.#refused(RefusedError.byAnswer(answer));
    else if (answer.action === 'event') this.#event(answer.data as Sent);
    else this.#resumed(answer.data as Resumed);
    return true;
  }

  #resumed(data: Resumed): void {
    clearTimeout(this.#timer);
    this.#positions.replace(data.positions);
    guarded(this.#wire, () => {
      if (data.resumed) this.#listener.resumed?.(this.positions);
      else this.#listener.snapshot(data.snapshot, this.positions, data.reason);
    });
  }

  #event({ position, also, event }: Sent): void {
    switch (this.#positions.take([position, ...(also ?? [])])) {
      case 'next':
        this.#faults = 0;
        guarded(this.#wire, () => this.#listener.event(event, this.positions));
        break;
      case 'seen':
        break;
      case 'gap':
        this.#again();
    }
  }

  #refused(error: RefusedError): void {
    this.lost();
    this.#wire.report(error);
    if (error.status === 400) this.#again();
    else this.#retry();
  }

  /** Starts over after a fault: from the last positions first, then from a snapshot, then on another connection. */
  #again(): void {
    this.#faults += 1;
    if (this.#faults > 2) {
      this.#faults = 1;
      return this.#retry();
    }
    if (this.#faults === 2) this.#positions.replace([]);
    this.resume();
  }
}
