/** A log-in and its tokens, which are kept fresh and never refreshed twice at once. */

import { logIn, logOut, refreshTokens, type Credentials, type Tokens } from './accounts.js';
import { RefusedError, SignedOutError } from './errors.js';
import { call, type Fetch, type Reach } from './http.js';
import type { Account } from './objects.js';

export interface SessionOptions extends Reach {
  tokens: Tokens;
  /** Gets new tokens, to store them. */
  onTokens?: ((tokens: Tokens) => void) | undefined;
}

/** Exchanges a refresh token for new tokens. */
export type Refresh = (refresh: string) => Promise<Tokens>;

export class Session implements Reach {
  readonly url: string;
  readonly fetch: Fetch | undefined;
  #tokens: Tokens;
  #onTokens: ((tokens: Tokens) => void) | undefined;
  #ended = false;
  #renewing: Promise<void> | null = null;

  constructor({ url, fetch, tokens, onTokens }: SessionOptions) {
    this.url = url;
    this.fetch = fetch;
    this.#tokens = tokens;
    this.#onTokens = onTokens;
  }

  /** Logs in. */
  static async logIn(
    options: Omit<SessionOptions, 'tokens'>,
    credentials: Credentials,
  ): Promise<{ session: Session; account: Account }> {
    const { access, refresh, ...account } = await logIn(options, credentials);
    const session = new Session({ ...options, tokens: { access, refresh } });
    options.onTokens?.(session.tokens);
    return { session, account };
  }

  get tokens(): Tokens {
    return this.#tokens;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** An access token that stays valid for a while. */
  async access(): Promise<string> {
    if (this.#ended) throw new SignedOutError();
    if (this.renewsIn() <= 0) await this.renew();
    return this.#tokens.access;
  }

  /** In how many milliseconds to refresh the tokens: a minute before they expire, or a fifth of their lifetime. */
  renewsIn(): number {
    const { iat, exp } = lifetime(this.#tokens.access);
    const margin = Math.min(60, (exp - iat) / 5);
    return (exp - margin) * 1000 - Date.now();
  }

  /** Gets new tokens, over HTTP or as `way` says. Concurrent callers share one refresh. */
  renew(way: Refresh = (refresh) => refreshTokens(this, refresh)): Promise<void> {
    this.#renewing ??= this.#renew(way).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renew(way: Refresh): Promise<void> {
    if (this.#ended) throw new SignedOutError();
    try {
      const { access, refresh } = await way(this.#tokens.refresh);
      this.#tokens = { access, refresh };
    } catch (error) {
      if (!refusesTheSession(error)) throw error;
      this.#ended = true;
      throw new SignedOutError();
    }
    this.#onTokens?.(this.#tokens);
  }

  /** Whether the service still accepts the access token; a failed handshake does not say why. */
  async stands(): Promise<boolean> {
    try {
      await call(this, 'GET', '/api/notifications/', { access: this.#tokens.access });
      return true;
    } catch (error) {
      return !(error instanceof RefusedError && error.status === 401);
    }
  }

  /** Logs out. */
  async end(): Promise<void> {
    const { access } = this.#tokens;
    this.#ended = true;
    await logOut(this, access);
  }
}

function refusesTheSession(error: unknown): boolean {
  return error instanceof RefusedError && [400, 401, 403].includes(error.status);
}

/** When a token was issued and when it expires, in seconds. An unreadable token counts as expired. */
function lifetime(access: string): { iat: number; exp: number } {
  try {
    const claims = (access.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const { iat, exp } = JSON.parse(atob(claims)) as { iat: number; exp: number };
    return { iat: Number(iat), exp: Number(exp) };
  } catch {
    return { iat: 0, exp: 0 };
  }
}
