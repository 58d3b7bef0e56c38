/** A driver's calls beside trips: shifts, positions, replies to offers. */

import type { Calls } from './calls.js';
import type { Fix, Hinted, Offer, OnDuty, Pk, Shift, Vehicle, Verdicts } from './objects.js';

export class Duty {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** The shift, the driver's activity, and the open offer. */
  shift(): Promise<OnDuty> {
    return this.#call('shift');
  }

  /** Where to wait while idle; `null` where the driver is right already. Ask once a minute at most. */
  hint(): Promise<Hinted> {
    return this.#call('hint');
  }

  /** Begins a shift. A driver who is on shift with that vehicle already stays so. */
  beginShift(vehicle: Vehicle = {}): Promise<Shift> {
    return this.#call('begin_shift', { data: vehicle });
  }

  /** Ends the shift, which is not possible during a trip. */
  endShift(): Promise<Shift> {
    return this.#call('end_shift');
  }

  /** Reports a position. One every 3 seconds is enough; without any for 60 seconds there are no offers. */
  sendPosition(fix: Fix): Promise<Verdicts> {
    return this.#call('position', { data: fix });
  }

  /** Reports 1 to 100 positions, in any order. */
  sendPositions(positions: Fix[]): Promise<Verdicts> {
    return this.#call('position', { data: { positions } });
  }

  /** Acknowledges the offer of this trip for the device. A client that follows the events need not. */
  receive(pk: Pk): Promise<Offer> {
    return this.#call('receive', { pk });
  }

  /** Declines the offered trip; `trips.accept` accepts it. */
  decline(pk: Pk): Promise<Offer> {
    return this.#call('decline', { pk });
  }

  #call<T>(action: string, fields: object = {}): Promise<T> {
    return this.#calls.call({ stream: 'trips', action, fields });
  }
}
