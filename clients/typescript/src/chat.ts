/** The chat of a trip's rider and driver. */

import type { Calls } from './calls.js';
import type { Answer, ChatMessage, Pk } from './objects.js';
import type { Keeping, Subscription, Subscriptions } from './subscriptions.js';

/** Gets each message once, oldest first: the last 100, then new ones. */
export interface ChatListener extends Keeping {
  message(message: ChatMessage): void;
}

interface History {
  messages: ChatMessage[];
}

export class Chat {
  readonly #calls: Calls;
  readonly #subscriptions: Subscriptions;

  constructor(calls: Calls, subscriptions: Subscriptions) {
    this.#calls = calls;
    this.#subscriptions = subscriptions;
  }

  /** Joins a chat. After a reconnect it is joined again, and the new ones among the last 100 messages are delivered. */
  join(pk: Pk, listener: ChatListener): Promise<Subscription<History>> {
    let last = 0;
    const tell = (message: ChatMessage) => {
      if (message.id <= last) return;
      last = message.id;
      listener.message(message);
    };
    return this.#subscriptions.add({
      subscribe: { stream: 'chat', action: 'join', fields: { pk } },
      unsubscribe: { stream: 'chat', action: 'leave', fields: { pk } },
      stands: (data) => (data as History).messages.forEach(tell),
      hear: ({ action, data }: Answer) => {
        if (action === 'message') tell(data as ChatMessage);
      },
      keeping: listener,
    });
  }

  /** Sends a message of 1 to 1,000 characters. */
  send(pk: Pk, message: string): Promise<ChatMessage> {
    return this.#calls.call({ stream: 'chat', action: 'send', fields: { pk, data: { message } } });
  }
}
