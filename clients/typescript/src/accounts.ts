/** Accounts and tokens, over HTTP. */

import { call, type Reach } from './http.js';
import type { Account, Role } from './objects.js';

export interface Tokens {
  /** Identifies the session; valid for an hour. */
  access: string;
  /** Gives new tokens, once. */
  refresh: string;
}

export interface NewAccount {
  username: string;
  password1: string;
  password2: string;
  group?: Exclude<Role, 'operator'>;
  first_name?: string;
  last_name?: string;
}

export interface Credentials {
  username: string;
  password: string;
}

export function signUp(reach: Reach, account: NewAccount): Promise<Account> {
  return call(reach, 'POST', '/api/sign_up/', { body: account });
}

export function logIn(reach: Reach, { username, password }: Credentials): Promise<Account & Tokens> {
  // Anything else that the caller knows of the account would be refused.
  return call(reach, 'POST', '/api/log_in/', { body: { username, password } });
}

/** Ends the session, with all its tokens and sockets. */
export function logOut(reach: Reach, access: string): Promise<void> {
  return call(reach, 'POST', '/api/log_out/', { access });
}

/** Exchanges a refresh token for new tokens. Each works once; reusing one ends the session. */
export function refreshTokens(reach: Reach, refresh: string): Promise<Tokens> {
  return call(reach, 'POST', '/api/token/refresh/', { body: { refresh } });
}
