/** The actions on trips. */

import type { Calls } from './calls.js';
import type { Answer, Filters, Order, Page, Pk, Progress, Quote, Sighting, Trip, Way, Wish } from './objects.js';
import type { Keeping, Subscription, Subscriptions } from './subscriptions.js';

/** Hears of one trip. */
export interface TripListener extends Keeping {
  update(trip: Trip): void;
  /** The trip is no longer the caller's to see; `pk` is as it was given. */
  delete?(pk: Pk): void;
}

/** Hears of all trips that the caller may see and the filters let through. */
export interface ActivityListener extends Keeping {
  create?(trip: Trip): void;
  update?(trip: Trip): void;
  delete?(id: number): void;
}

/** Hears where the driver of a trip is. */
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

  /** A rider requests a trip, for now or for later. */
  create(order: Order): Promise<Trip> {
    return this.#command('create', { data: order });
  }

  /** What a trip would cost: one quote per class that has a tariff. */
  async quote(way: Way): Promise<Quote[]> {
    const { quotes } = await this.#call<{ quotes: Quote[] }>('quote', { data: way });
    return quotes;
  }

  /** What the rider tells the driver at the pick-up; null, if nothing. */
  async rideCode(pk: Pk): Promise<string | null> {
    const { code } = await this.#call<{ code: string | null }>('ride_code', { pk });
    return code;
  }

  /** At most 500, newest first. */
  list(filters: Filters = {}): Promise<Trip[]> {
    return this.#call('list', filters);
  }

  page(part: Filters & { limit: number; offset?: number }): Promise<Page> {
    return this.#call('list', part);
  }

  /** All pages from `offset` on, one after the other. */
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

  /** A rider changes the addresses, all of them; a driver moves the trip on. */
  update(pk: Pk, data: Wish | Progress): Promise<Trip> {
    return this.#command('update', { pk, data });
  }

  /** The same with some of the fields. */
  patch(pk: Pk, data: Partial<Wish> | Progress): Promise<Trip> {
    return this.#command('patch', { pk, data });
  }

  /** A rider puts away a trip that nobody has taken, or that is over. */
  async delete(pk: Pk): Promise<void> {
    await this.#command('delete', { pk });
  }

  /** A driver takes the trip; the first one wins. */
  accept(pk: Pk): Promise<Trip> {
    return this.#command('accept', { pk });
  }

  /** Its driver is at the pick-up. */
  arrive(pk: Pk): Promise<Trip> {
    return this.#command('arrive', { pk });
  }

  /** The ride begins; where the trip has `ride_code`, with the rider's code. */
  start(pk: Pk, code?: string): Promise<Trip> {
    return this.#command('start', { pk, data: code === undefined ? {} : { code } });
  }

  /** Its driver cannot do it; another one is looked for. */
  giveBack(pk: Pk, reason?: string): Promise<Trip> {
    return this.#command('give_back', { pk, data: reason === undefined ? {} : { reason } });
  }

  /** Its driver has waited in vain. */
  noShow(pk: Pk): Promise<Trip> {
    return this.#command('no_show', { pk });
  }

  /** The ride is over. */
  complete(pk: Pk): Promise<Trip> {
    return this.#command('complete', { pk });
  }

  /** The rider calls it off, or an operator, who must say why. */
  cancel(pk: Pk, reason?: string): Promise<Trip> {
    return this.#command('cancel', { pk, data: reason === undefined ? {} : { reason } });
  }

  /** An operator takes it from its driver before the start; another one is looked for. */
  takeBack(pk: Pk, reason: string): Promise<Trip> {
    return this.#command('take_back', { pk, data: { reason } });
  }

  /** An operator ends a ride. */
  end(pk: Pk, status: 'COMPLETED' | 'CANCELLED', reason: string): Promise<Trip> {
    return this.#command('end', { pk, data: { status, reason } });
  }

  /** An operator sets another fare for a trip that is over, in minor units of its currency. */
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

  /** The driver's last position, if it is known, and each that comes, until the trip is over. Some may be missed. */
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

  /** With a key, so that it is sent again when the connection is lost before the answer comes, and done once. */
  #command<T>(action: string, fields: object): Promise<T> {
    const keyed = { idempotency_key: freshKey(), ...fields };
    return this.#calls.call({ stream: 'trips', action, fields: keyed, repeatable: true });
  }

  #call<T>(action: string, fields: object): Promise<T> {
    return this.#calls.call({ stream: 'trips', action, fields });
  }
}

/** A word that this account has not used before; not every page has `crypto.randomUUID`. */
function freshKey(): string {
  const part = () => Math.random().toString(36).slice(2);
  return `${Date.now().toString(36)}-${part()}${part()}`;
}
