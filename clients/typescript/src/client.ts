/** An account's connection to the service: calls, subscriptions and events over one socket that reconnects. */

import type { Tokens } from './accounts.js';
import { BACKOFF, type Backoff } from './backoff.js';
import { Calls, guarded, type Wire } from './calls.js';
import { Chat } from './chat.js';
import { Duty } from './duty.js';
import { RefusedError, SignedOutError, UnansweredError } from './errors.js';
import { Follower, type Listener } from './follower.js';
import { Line, type LineState, type SocketClass } from './line.js';
import { Notifications } from './notifications.js';
import type { Answer, Position } from './objects.js';
import { Offers } from './offers.js';
import type { Session } from './session.js';
import { Subscriptions } from './subscriptions.js';
import { Trips } from './trips.js';

export interface ClientOptions {
  session: Session;
  /** By default the global one, which Node has from version 22 on. */
  WebSocket?: SocketClass;
  /** How long to wait for an answer or a handshake, in milliseconds. */
  timeout?: number;
  /** After how many milliseconds of silence the client asks the service for a sign of life. */
  silence?: number;
  backoff?: Partial<Backoff>;
  /** Whether offers in the events are acknowledged for the driver's device; the default is yes. */
  receivesOffers?: boolean;
  onState?: (state: LineState) => void;
  /** The session has ended: log in again, and make a new client. */
  onSignedOut?: () => void;
  /** Gets errors that no promise carries. */
  onError?: (error: unknown) => void;
}

/** How long to wait after a failed refresh of the tokens, in milliseconds. */
const REST = 10_000;

const SESSION_ENDED = 4501;

export class Client {
  readonly trips: Trips;
  readonly duty: Duty;
  readonly chat: Chat;
  readonly notifications: Notifications;
  readonly #options: ClientOptions;
  readonly #session: Session;
  readonly #line: Line;
  readonly #wire: Wire;
  readonly #calls: Calls;
  readonly #subscriptions: Subscriptions;
  #follower: Follower | null = null;
  #requests = 0;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #pulse: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#line = this.#makeLine();
    this.#wire = {
      send: (frame) => this.#line.send(frame),
      name: () => `c${(this.#requests += 1)}`,
      timeout: options.timeout ?? 15_000,
      report: (error) => options.onError?.(error),
    };
    this.#calls = new Calls(this.#wire);
    this.#subscriptions = new Subscriptions(this.#wire);
    this.trips = new Trips(this.#calls, this.#subscriptions);
    this.duty = new Duty(this.#calls);
    this.chat = new Chat(this.#calls, this.#subscriptions);
    this.notifications = new Notifications(this.#calls, this.#subscriptions, this.#session);
  }

  get state(): LineState {
    return this.#line.state;
  }

  /** The positions up to which events were followed. */
  get positions(): Position[] {
    return this.#follower?.positions ?? [];
  }

  connect(): void {
    this.#line.open();
  }

  /** Ends the connection. Unanswered calls fail, and subscriptions are forgotten. */
  close(): void {
    this.#line.close();
    this.#rest();
    this.#follower?.lost();
    this.#calls.closed();
    this.#subscriptions.closed();
  }

  /** Follows the events from `positions` on, by default from now on. */
  follow(listener: Listener, positions: Position[] = []): void {
    this.#follower?.lost();
    const offers = new Offers(this.#wire, this.duty, listener, this.#options.receivesOffers ?? true);
    this.#follower = new Follower(this.#wire, offers, positions, () => this.#line.retry());
    this.#follower.resume();
  }

  /** Gets new tokens now. A client does so itself before they expire. */
  async renew(): Promise<void> {
    if (this.#line.state !== 'open') await this.#session.renew();
    else await this.#session.renew((refresh) => this.#refresh(refresh));
    this.#scheduleRenewal();
  }

  #refresh(refresh: string): Promise<Tokens> {
    return this.#calls.call({ stream: 'trips', action: 'refresh', fields: { data: { refresh } } });
  }

  #makeLine(): Line {
    const { WebSocket, timeout, backoff, onState } = this.#options;
    const socket = WebSocket ?? (globalThis as { WebSocket?: SocketClass }).WebSocket;
    if (!socket) throw new TypeError('there is no global WebSocket here: give one as an option');
    const address = new URL('/ws/', this.#session.url.replace(/^http/, 'ws'));
    return new Line({
      socket,
      url: async () => `${address}?token=${encodeURIComponent(await this.#session.access())}`,
      backoff: { ...BACKOFF, ...backoff },
      timeout: timeout ?? 15_000,
      onOpen: () => this.#opened(),
      onFrame: (text) => guarded(this.#wire, () => this.#hear(text)),
      onLost: () => this.#lost(),
      onUnopened: () => this.#mendToken(),
      onDismissed: async (code) => code === SESSION_ENDED && (await this.#renewed()),
      onEnd: () => this.#ended(),
      onState: (state) => onState?.(state),
    });
  }

  /** The events come first, so that a subscription or an answer does not run ahead of them. */
  #opened(): void {
    this.#follower?.resume();
    this.#subscriptions.opened();
    this.#calls.opened();
    this.#scheduleRenewal();
    this.#watch();
  }

  #lost(): void {
    this.#rest();
    this.#follower?.lost();
    this.#calls.lost();
  }

  #ended(): void {
    this.close();
    this.#options.onSignedOut?.();
  }

  #rest(): void {
    clearTimeout(this.#renewal);
    clearTimeout(this.#pulse);
  }

  #hear(text: string): void {
    this.#line.proven();
    this.#watch();
    const payload = unwrapped(text);
    if (!payload) return this.#wire.report(new Error(`not an answer: ${text}`));
    if (this.#follower?.hear(payload) || this.#subscriptions.hear(payload) || this.#calls.hear(payload)) return;
    const addressed = payload.request_id !== null; // a late answer whose call has given up
    if (payload.response_status >= 400 && !addressed) this.#wire.report(RefusedError.byAnswer(payload));
  }

  /** Asks for a sign of life after a silence: a connection can be dead without any notice. */
  #watch(): void {
    clearTimeout(this.#pulse);
    this.#pulse = setTimeout(() => {
      const harmless = { stream: 'trips', action: 'unsubscribe_trip_activity' } as const; // of no subscription
      this.#calls.call(harmless).catch((error: unknown) => {
        if (error instanceof UnansweredError && error.reason === 'timeout') this.#line.retry();
      });
    }, this.#options.silence ?? 30_000);
  }

  #scheduleRenewal(wait = this.#session.renewsIn()): void {
    clearTimeout(this.#renewal);
    if (this.#line.state !== 'open') return;
    this.#renewal = setTimeout(() => void this.#renewInTime(), Math.max(0, wait));
  }

  async #renewInTime(): Promise<void> {
    if (this.#session.renewsIn() > 0) return this.#scheduleRenewal(); // another client of the session has renewed
    try {
      await this.renew();
    } catch (error) {
      if (error instanceof SignedOutError) return; // the service closes the socket
      this.#wire.report(error);
      this.#scheduleRenewal(REST);
    }
  }

  /** Renews the tokens if they are why a handshake failed. */
  async #mendToken(): Promise<void> {
    if (!(await this.#session.stands())) await this.#renewed();
  }

  /** Renews the tokens; returns false if the session has ended. */
  async #renewed(): Promise<boolean> {
    try {
      await this.#session.renew();
      return true;
    } catch (error) {
      return !(error instanceof SignedOutError);
    }
  }
}

/** The answer in a frame. The answer to an unreadable frame has no envelope. */
function unwrapped(text: string): Answer | null {
  const frame = JSON.parse(text) as { payload?: Answer } | Answer;
  if ('payload' in frame) return frame.payload ?? null;
  return 'response_status' in frame ? frame : null;
}
