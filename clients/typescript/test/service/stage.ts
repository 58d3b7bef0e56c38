/** The real service and the clients of its users, which are closed when the test is over. */

import assert from 'node:assert/strict';
import { WebSocket } from 'ws';

import {
  Client,
  Session,
  type LineState,
  type Offer,
  type Position,
  type Role,
  type ServiceEvent,
  type Snapshot,
  type Tokens,
  type Trip,
} from '../../src/index.js';
import { Inbox } from '../support/deadline.js';
import { newcomer, type Someone } from '../support/people.js';
import { Service } from '../support/service.js';

export const WISH = { pick_up_address: 'Market Square', drop_off_address: 'Station' };

/** A user with a connected client. */
export class Player {
  readonly states = new Inbox<LineState>();
  readonly errors: unknown[] = [];
  readonly signedOut = new Inbox<null>();
  readonly client: Client;

  constructor(
    readonly someone: Someone,
    readonly session: Session,
  ) {
    this.client = new Client({
      session,
      WebSocket,
      backoff: { base: 50, cap: 200 },
      onState: (state) => this.states.put(state),
      onError: (error) => this.errors.push(error),
      onSignedOut: () => this.signedOut.put(null),
    });
    this.client.connect();
  }

  /** Another client of the same session. */
  get twin(): Player {
    return new Player(this.someone, this.session);
  }
}

export class Stage {
  readonly #closing: (() => Promise<void> | void)[] = [];

  private constructor(readonly service: Service) {
    this.#closing.push(() => service.remove());
  }

  /** Runs a test with the service and closes everything afterwards. */
  static async set(test: (stage: Stage) => Promise<void>, town: object | null = null): Promise<void> {
    const stage = new Stage(await Service.start(town));
    try {
      await test(stage);
    } finally {
      for (const close of stage.#closing.reverse()) await close();
    }
  }

  closing(close: () => Promise<void> | void): void {
    this.#closing.push(close);
  }

  /** A new account, logged in and connected through `url`. */
  async enter(role: Role, url = this.service.url, onTokens?: (tokens: Tokens) => void): Promise<Player> {
    const someone = await newcomer(this.service, role);
    const { session } = await Session.logIn({ url, onTokens }, someone);
    return this.keep(new Player(someone, session));
  }

  keep(player: Player): Player {
    this.closing(() => player.client.close());
    return player;
  }
}

/** The events that a follower received. */
export class Heard {
  readonly snapshots = new Inbox<Snapshot>();
  readonly resumptions = new Inbox<Position[]>();
  readonly events = new Inbox<ServiceEvent>();
  readonly offers = new Inbox<Offer>();
  readonly positions: Position[][] = [];

  static by(client: Client, positions?: Position[]): Heard {
    const heard = new Heard();
    client.follow(
      {
        snapshot: (snapshot) => heard.snapshots.put(snapshot),
        resumed: (at) => heard.resumptions.put(at),
        event: (event, at) => {
          heard.positions.push(at);
          heard.events.put(event);
        },
        offer: (offer) => heard.offers.put(offer),
        offerEnded: (offer) => heard.offers.put(offer),
      },
      positions,
    );
    return heard;
  }

  /** The kinds of that trip's events, in order. */
  kinds({ id }: Trip): string[] {
    return this.events.all.flatMap((event) => ('trip' in event && event.trip.id === id ? [event.kind] : []));
  }

  async until(kind: ServiceEvent['kind']): Promise<ServiceEvent> {
    return this.events.find((event) => event.kind === kind, `the event ${kind}`);
  }

  assertEachOnce(): void {
    const ids = this.events.all.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
  }
}
