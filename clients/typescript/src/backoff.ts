/** The wait before the next attempt to connect, random so that a crowd does not come back at once. */

export interface Backoff {
  /** The longest wait before the first attempt, in milliseconds. */
  base: number;
  /** The longest wait before any attempt, in milliseconds. */
  cap: number;
  /** A random number from 0 to 1. */
  random: () => number;
}

export const BACKOFF: Backoff = { base: 500, cap: 30_000, random: Math.random };

/** A random wait up to a bound that doubles with each attempt, in milliseconds. */
export function fullJitter(attempt: number, { base, cap, random }: Backoff): number {
  return random() * Math.min(cap, base * 2 ** attempt);
}
