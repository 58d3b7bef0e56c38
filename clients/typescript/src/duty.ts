/** What a driver does besides driving: shifts, positions, replies to offers. */

import type { Calls } from './calls.js';
import type { Fix, Hinted, Offer, OnDuty, Pk, Shift, Vehicle, Verdicts } from './objects.js';

export class Duty {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** The shift, what the driver is at, and the open offer. */
  shift(): Promise<OnDuty> {
    return this.#call('shift');
  }

  /** Where to wait while there is nothing to do; `null` where the driver is right. Once a minute is enough. */
  hint(): Promise<Hinted> {
    return this.#call('hint');
  }

  /** Goes on shift; who is on shift with that vehicle stays so. */
  beginShift(vehicle: Vehicle = {}): Promise<Shift> {
    return this.#call('begin_shift', { data: vehicle });
  }

  /** Goes off shift, which is not possible with a trip under way. */
  endShift(): Promise<Shift> {
    return this.#call('end_shift');
  }

  /** Says where the driver is; one every 3 seconds is enough, and none for 60 seconds means no offers. */
  sendPosition(fix: Fix): Promise<Verdicts> {
    return this.#call('position', { data: fix });
  }

  /** Says where the driver was: 1 to 100 positions, in any order. */
  sendPositions(positions: Fix[]): Promise<Verdicts> {
    return this.#call('position', { data: { positions } });
  }

  /** The device has the offer of this trip. Whoever follows the events need not say so. */
  receive(pk: Pk): Promise<Offer> {
    return this.#call('receive', { pk });
  }

  /** The driver does not want the trip that is offered; `trips.accept` takes it. */
  decline(pk: Pk): Promise<Offer> {
    return this.#call('decline', { pk });
  }

  #call<T>(action: string, fields: object = {}): Promise<T> {
    return this.#calls.call({ stream: 'trips', action, fields });
  }
}
