/** The offers in the event stream: each is acknowledged for the device at once, and then delivered to the app. */

import { guarded, type Wire } from './calls.js';
import type { Duty } from './duty.js';
import { RefusedError, UnansweredError } from './errors.js';
import type { Listener } from './follower.js';
import type { Offer, Position, ServiceEvent, Snapshot, SnapshotReason } from './objects.js';

/** A listener between the stream and the app's own listener. */
export class Offers implements Listener {
  readonly #wire: Wire;
  readonly #duty: Duty;
  readonly #listener: Listener;
  readonly #receives: boolean;
  /** The open offer that was not delivered to the app yet; a driver has at most one. */
  #untold: Offer | null = null;

  constructor(wire: Wire, duty: Duty, listener: Listener, receives: boolean) {
    this.#wire = wire;
    this.#duty = duty;
    this.#listener = listener;
    this.#receives = receives;
  }

  snapshot(snapshot: Snapshot, positions: Position[], reason: SnapshotReason): void {
    try {
      this.#listener.snapshot(snapshot, positions, reason);
    } finally {
      this.#untold = null;
      if (snapshot.offer) this.#offered(snapshot.offer);
    }
  }

  event(event: ServiceEvent, positions: Position[]): void {
    try {
      this.#listener.event(event, positions);
    } finally {
      if (event.kind === 'offered') this.#offered(event.offer);
      else if (event.kind === 'offer-ended') this.#ended(event.offer);
    }
  }

  /** Acknowledges what could not be acknowledged before, if it is not too late. */
  resumed(positions: Position[]): void {
    try {
      this.#listener.resumed?.(positions);
    } finally {
      if (this.#untold) void this.#receive(this.#untold);
    }
  }

  #offered(offer: Offer): void {
    if (!this.#receives || offer.state !== 'created') return this.#tell(offer);
    this.#untold = offer;
    void this.#receive(offer);
  }

  async #receive(offer: Offer): Promise<void> {
    try {
      const received = await this.#duty.receive(offer.trip.id);
      if (this.#untold?.id !== offer.id) return;
      this.#untold = null;
      if (received.id === offer.id) this.#tell(received);
    } catch (error) {
      if (error instanceof UnansweredError) return;
      if (this.#untold?.id === offer.id) this.#untold = null;
      // An offer that has ended by now, or before the client reconnected, is no error.
      if (!(error instanceof RefusedError && error.code === 'offer-over')) this.#wire.report(error);
    }
  }

  #ended(offer: Offer): void {
    if (this.#untold?.id === offer.id) this.#untold = null;
    else guarded(this.#wire, () => this.#listener.offerEnded?.(offer));
  }

  #tell(offer: Offer): void {
    guarded(this.#wire, () => this.#listener.offer?.(offer));
  }
}
