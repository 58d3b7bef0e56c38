import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fullJitter } from '../../src/backoff.js';

test('the wait is anything up to a bound that doubles as far as the cap', () => {
  const bounds = [0, 1, 2, 3, 4, 20].map((attempt) => fullJitter(attempt, { base: 500, cap: 6000, random: () => 1 }));
  assert.deepEqual(bounds, [500, 1000, 2000, 4000, 6000, 6000]);
  assert.equal(fullJitter(3, { base: 500, cap: 6000, random: () => 0 }), 0);
  assert.equal(fullJitter(1, { base: 500, cap: 6000, random: () => 0.25 }), 250);
});
