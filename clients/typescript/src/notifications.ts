/** Short texts to an account, a role or all accounts. */

import type { Calls } from './calls.js';
import { call } from './http.js';
import type { Announcement, Answer, Notification, Unread } from './objects.js';
import type { Session } from './session.js';
import type { Keeping, Subscription, Subscriptions } from './subscriptions.js';

export interface NotificationListener extends Keeping {
  notification(notification: Notification): void;
}

type Count = Pick<Unread, 'unread'>;

export class Notifications {
  readonly #calls: Calls;
  readonly #subscriptions: Subscriptions;
  readonly #session: Session;

  constructor(calls: Calls, subscriptions: Subscriptions, session: Session) {
    this.#calls = calls;
    this.#subscriptions = subscriptions;
    this.#session = session;
  }

  /** Delivers notifications from now on; earlier ones are in the list. */
  subscribe(listener: NotificationListener): Promise<Subscription<Count>> {
    return this.#subscriptions.add({
      subscribe: { stream: 'notifications', action: 'subscribe' },
      unsubscribe: { stream: 'notifications', action: 'unsubscribe' },
      hear: ({ action, data }: Answer) => {
        if (action === 'notification') listener.notification(data as Notification);
      },
      keeping: listener,
    });
  }

  /** The unread ones, newest first, at most 100. */
  list(): Promise<Unread> {
    return this.#calls.call({ stream: 'notifications', action: 'list' });
  }

  read(which: number[] | 'all'): Promise<Count> {
    const data = which === 'all' ? { all: true } : { ids: which };
    return this.#calls.call({ stream: 'notifications', action: 'read', fields: { data } });
  }

  /** Sends one, as an operator. This uses HTTP. */
  async send(announcement: Announcement): Promise<Notification> {
    const access = await this.#session.access();
    return call(this.#session, 'POST', '/api/notifications/', { body: announcement, access });
  }
}
