/** How long to wait before the next attempt, so that a crowd does not come back at once. */

export interface Backoff {
  /** The most that the first attempt waits, in milliseconds. */
  base: number;
  /** The most that any waits. */
  cap: number;
  /** Between 0 and 1. */
  random: () => number;
}

export const BACKOFF: Backoff = { base: 500, cap: 30_000, random: Math.random };

/** Anything between nothing and a bound that doubles. */
export function fullJitter(attempt: number, { base, cap, random }: Backoff): number {
  return random() * Math.min(cap, base * 2 ** attempt);
}
