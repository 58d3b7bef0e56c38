/** A client of cabrank. */

export { logIn, logOut, refreshTokens, signUp, type Credentials, type NewAccount, type Tokens } from './accounts.js';
export type { Backoff } from './backoff.js';
export { type ChatListener } from './chat.js';
export { Client, type ClientOptions } from './client.js';
export type { Duty } from './duty.js';
export { RefusedError, SignedOutError, UnansweredError } from './errors.js';
export type { Listener } from './follower.js';
export type { Fetch, Reach } from './http.js';
export type { LineState, SocketClass, SocketLike } from './line.js';
export type { NotificationListener } from './notifications.js';
export type * from './objects.js';
export { Session, type Refresh, type SessionOptions } from './session.js';
export type { Keeping, Subscription } from './subscriptions.js';
export type { ActivityListener, PositionListener, TripListener } from './trips.js';
