/** The actions on trips. */

import type { Calls } from './calls.js';
import type { Answer, Filters, Order, Page, Pk, Progress, Quote, Sighting, Trip, Way, Wish } from './objects.js';
import type { Keeping, Subscription, Subscriptions } from './subscriptions.js';

/** Gets the changes of one trip. */
export interface TripListener extends Keeping {
  update(trip: Trip): void;
  /** The caller may no longer see the trip; `pk` is as the caller gave it. */
  delete?(pk: Pk): void;
}

/** Gets the changes of all trips that the caller may see and that match the filters. */
export interface ActivityListener extends Keeping {
  create?(trip: Trip): void;
  update?(trip: Trip): void;
  delete?(id: number): void;
}

/** Gets the positions of a trip's driver. */
export interface PositionListener extends Keeping {
  position(sighting: Sighting): void;
}

export class Trips {
  readonly #calls: Calls;
  readonly #subscriptions: Subscriptions;

  constructor(calls: Calls, subscriptions: Subscriptions) {
    this.#calls = calls;
    this.#subscriptions = subscriptions;
  }

  /** Requests a trip, as a rider, for now or for later. */
  create(order: Order): Promise<Trip> {
    return this.#command('create', { data: order });
  }

  /** Quotes a ride: one quote per class that has a tariff. */
  async quote(way: Way): Promise<Quote[]> {
    const { quotes } = await this.#call<{ quotes: Quote[] }>('quote', { data: way });
    return quotes;
  }

  /** The code that the rider tells the driver at the pick-up; null if none is needed. */
  async rideCode(pk: Pk): Promise<string | null> {
    const { code } = await this.#call<{ code: string | null }>('ride_code', { pk });
    return code;
  }

  /** At most 500 trips, newest first. */
  list(filters: Filters = {}): Promise<Trip[]> {
    return this.#call('list', filters);
  }

  page(part: Filters & { limit: number; offset?: number }): Promise<Page> {
    return this.#call('list', part);
  }

  /** All pages from `offset` on, one after another. */
  pages(part: Filters & { limit?: number; offset?: number }, each: (page: Page) => void): Promise<void> {
    const request = { stream: 'trips', action: 'list', fields: { ...part, streamed: true } } as const;
    return this.#calls.collect<Page>(request, (page) => {
      each(page);
      return page.offset >= page.count - page.limit;
    });
  }

  retrieve(pk: Pk): Promise<Trip> {
    return this.#call('retrieve', { pk });
  }

  /** As a rider, changes all addresses; as a driver, moves the trip on. */
  update(pk: Pk, data: Wish | Progress): Promise<Trip> {
    return this.#command('update', { pk, data });
  }

  /** Like `update`, with some of the fields. */
  patch(pk: Pk, data: Partial<Wish> | Progress): Promise<Trip> {
    return this.#command('patch', { pk, data });
  }

  /** Hides a trip that no driver has accepted, or that is over, as its rider. */
  async delete(pk: Pk): Promise<void> {
    await this.#command('delete', { pk });
  }

  /** Accepts a trip, as a driver; the first one wins. */
  accept(pk: Pk): Promise<Trip> {
    return this.#command('accept', { pk });
  }

  /** Reports the arrival at the pick-up, as its driver. */
  arrive(pk: Pk): Promise<Trip> {
    return this.#command('arrive', { pk });
  }

  /** Starts the ride; where the trip has `ride_code`, with the rider's code. */
  start(pk: Pk, code?: string): Promise<Trip> {
    return this.#command('start', { pk, data: code === undefined ? {} : { code } });
  }

  /** Gives the trip back, as its driver; the service looks for another driver. */
  giveBack(pk: Pk, reason?: string): Promise<Trip> {
    return this.#command('give_back', { pk, data: reason === undefined ? {} : { reason } });
  }

  /** Reports that the driver has waited in vain. */
  noShow(pk: Pk): Promise<Trip> {
    return this.#command('no_show', { pk });
  }

  /** Completes the ride. */
  complete(pk: Pk): Promise<Trip> {
    return this.#command('complete', { pk });
  }

  /** Cancels the trip, as its rider, or as an operator, who must give a reason. */
  cancel(pk: Pk, reason?: string): Promise<Trip> {
    return this.#command('cancel', { pk, data: reason === undefined ? {} : { reason } });
  }

  /** Takes the trip from its driver before the start, as an operator; the service looks for another driver. */
  takeBack(pk: Pk, reason: string): Promise<Trip> {
    return this.#command('take_back', { pk, data: { reason } });
  }

  /** Ends a ride, as an operator. */
  end(pk: Pk, status: 'COMPLETED' | 'CANCELLED', reason: string): Promise<Trip> {
    return this.#command('end', { pk, data: { status, reason } });
  }

  /** Sets another fare for a trip that is over, as an operator, in the currency's minor unit. */
  setFare(pk: Pk, amount: number, reason: string): Promise<Trip> {
    return this.#command('set_fare', { pk, data: { amount, reason } });
  }

  subscribe(pk: Pk, listener: TripListener): Promise<Subscription> {
    return this.#subscriptions.add({
      subscribe: { stream: 'trips', action: 'subscribe_instance', fields: { pk } },
      unsubscribe: { stream: 'trips', action: 'unsubscribe_instance', fields: { pk } },
      hear: ({ action, data }: Answer) => {
        if (action === 'update') listener.update(data as Trip);
        else if (action === 'delete') listener.delete?.((data as { pk: Pk }).pk);
      },
      keeping: listener,
    });
  }

  /** The driver's last position, if known, and each new one until the trip is over. Some may be missed. */
  watchPosition(pk: Pk, listener: PositionListener): Promise<Subscription<Sighting | null>> {
    return this.#subscriptions.add({
      subscribe: { stream: 'trips', action: 'subscribe_position', fields: { pk } },
      unsubscribe: { stream: 'trips', action: 'unsubscribe_position', fields: { pk } },
      stands: (data) => {
        if (data) listener.position(data as Sighting);
      },
      hear: ({ action, data }: Answer) => {
        if (action === 'position') listener.position(data as Sighting);
      },
      keeping: listener,
    });
  }

  subscribeActivity(filters: Filters, listener: ActivityListener): Promise<Subscription> {
    return this.#subscriptions.add({
      subscribe: { stream: 'trips', action: 'subscribe_trip_activity', fields: filters },
      unsubscribe: { stream: 'trips', action: 'unsubscribe_trip_activity' },
      hear: ({ action, data }: Answer) => {
        if (action === 'create') listener.create?.(data as Trip);
        else if (action === 'update') listener.update?.(data as Trip);
        else if (action === 'delete') listener.delete?.((data as { pk: number }).pk);
      },
      keeping: listener,
    });
  }

  /** Sends a command with a key: it is sent again if the connection is lost before the answer, and carried out once. */
  #command<T>(action: string, fields: object): Promise<T> {
    const keyed = { idempotency_key: freshKey(), ...fields };
    return this.#calls.call({ stream: 'trips', action, fields: keyed, repeatable: true });
  }

  #call<T>(action: string, fields: object): Promise<T> {
    return this.#calls.call({ stream: 'trips', action, fields });
  }
}

/** A key that this account has not used before. Not every page has `crypto.randomUUID`. */
function freshKey(): string {
  const part = () => Math.random().toString(36).slice(2);
  return `${Date.now().toString(36)}-${part()}${part()}`;
}
