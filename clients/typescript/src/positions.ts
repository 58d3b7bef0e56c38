/** How far each stream was read, and whether an event is the next one. */

import type { Position } from './objects.js';

/** `next`: apply it. `seen`: it was applied before. `gap`: an event before it is missing. */
export type Verdict = 'next' | 'seen' | 'gap';

export class Positions {
  #last = new Map<string, Position>();

  constructor(positions: Position[] = []) {
    this.replace(positions);
  }

  get list(): Position[] {
    return [...this.#last.values()];
  }

  replace(positions: Position[]): void {
    this.#last = new Map(positions.map((position) => [position.stream, position]));
  }

  /** Judges an event by all its positions, and moves past it unless an event is missing. */
  take(positions: Position[]): Verdict {
    const verdicts = positions.map((position) => this.#judge(position));
    if (verdicts.includes('gap')) return 'gap';
    positions.forEach((position, index) => {
      if (verdicts[index] === 'next') this.#last.set(position.stream, position);
    });
    return verdicts.includes('seen') ? 'seen' : 'next';
  }

  #judge({ stream, epoch, sequence }: Position): Verdict {
    const last = this.#last.get(stream);
    if (!last) return 'gap';
    const sameLife = last.epoch === epoch || (last.epoch === null && last.sequence === 0);
    if (!sameLife) return 'gap';
    if (sequence === last.sequence + 1) return 'next';
    return sequence <= last.sequence ? 'seen' : 'gap';
  }
}
