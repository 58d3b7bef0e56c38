/** The service, and people who use the dcrf-client of npm. */

import dcrf, { type DCRFClient } from 'dcrf-client';
import type { WebsocketTransport } from 'dcrf-client/lib/transports/websocket.js';
import { WebSocket } from 'ws';

import { logIn, type Role, type Trip } from '../../clients/typescript/src/index.js';
import { Inbox, within } from '../../clients/typescript/test/support/deadline.js';
import { newcomer } from '../../clients/typescript/test/support/people.js';
import { Proxy } from '../../clients/typescript/test/support/proxy.js';
import { Service } from '../../clients/typescript/test/support/service.js';

export const WISH = { pick_up_address: 'Market Square', drop_off_address: 'Station' };

/** The answers that the client fails with: the whole payload. */
export interface Refusal {
  errors: unknown[];
  data: { code?: string } | null;
  response_status: number;
}

/** What a subscription hears. */
export interface Change {
  data: Trip;
  action: string;
}

export class Stage {
  readonly #closing: (() => Promise<void> | void)[];

  private constructor(
    readonly service: Service,
    /** The way that some clients take. */
    readonly proxy: Proxy,
  ) {
    this.#closing = [() => service.remove(), () => proxy.close()];
  }

  /** Runs a test with the service and closes everything afterwards. */
  static async set(test: (stage: Stage) => Promise<void>): Promise<void> {
    const service = await Service.start();
    const stage = new Stage(service, await Proxy.to(() => service.port));
    try {
      await test(stage);
    } finally {
      for (const close of stage.#closing.reverse()) await close();
    }
  }

  /** The address of the socket for a new account of that role. */
  async address(role: Role, url = this.service.url): Promise<string> {
    const { access } = await logIn(this.service, await newcomer(this.service, role));
    return `${url.replace('http', 'ws')}/ws/?token=${access}`;
  }

  /** A client of a new account. */
  async enter(role: Role, url = this.service.url): Promise<DCRFClient> {
    return this.connect(await this.address(role, url));
  }

  /** A function is asked anew for each connection: the client hands it on, though its type does not say so. */
  connect(url: string | (() => string)): DCRFClient {
    const websocket = { WebSocket, minReconnectionDelay: 50, maxReconnectionDelay: 200 };
    const client = dcrf.default.connect(url as string, { pkField: 'id', websocket });
    this.#closing.push(() => client.close());
    return client;
  }
}

/** A subscription that stands, and what it hears. */
export async function subscribed(client: DCRFClient, id: number, requestId?: string): Promise<Inbox<Change>> {
  const heard = new Inbox<Change>();
  await client.subscribe('trips', id, (data, action) => heard.put({ data: data as Trip, action }), requestId);
  return heard;
}

/** The next connection of the client, after this call. */
export function reconnected(client: DCRFClient): Promise<void> {
  const again = new Promise<void>((resolve) => void client.transport.on('reconnect', () => resolve()));
  return within(again, 'another connection');
}

/** The loss of the client's connection. */
export function disconnected(client: DCRFClient): Promise<void> {
  const { socket } = client.transport as WebsocketTransport;
  return within(new Promise<void>((resolve) => socket?.addEventListener('close', () => resolve())), 'the loss of the line');
}
