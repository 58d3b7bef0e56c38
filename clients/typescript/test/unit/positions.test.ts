import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Positions } from '../../src/positions.js';

const at = (stream: string, sequence: number, epoch: string | null = 'e') => ({ stream, epoch, sequence });

test('the next event is taken once', () => {
  const positions = new Positions([at('user:1', 4)]);
  assert.equal(positions.take([at('user:1', 5)]), 'next');
  assert.equal(positions.take([at('user:1', 5)]), 'seen');
  assert.deepEqual(positions.list, [at('user:1', 5)]);
});

test('an event before which something is missing is not taken', () => {
  const positions = new Positions([at('user:1', 4)]);
  assert.equal(positions.take([at('user:1', 6)]), 'gap');
  assert.deepEqual(positions.list, [at('user:1', 4)]);
});

test('an event in two streams moves both, or none', () => {
  const positions = new Positions([at('user:1', 4), at('drivers:main', 9)]);
  assert.equal(positions.take([at('user:1', 5), at('drivers:main', 11)]), 'gap');
  assert.deepEqual(positions.list, [at('user:1', 4), at('drivers:main', 9)]);
  assert.equal(positions.take([at('user:1', 5), at('drivers:main', 10)]), 'next');
  assert.deepEqual(positions.list, [at('user:1', 5), at('drivers:main', 10)]);
});

test('an event that one stream has shown is not shown again for the other', () => {
  const positions = new Positions([at('user:1', 5), at('drivers:main', 9)]);
  assert.equal(positions.take([at('user:1', 5), at('drivers:main', 10)]), 'seen');
  assert.deepEqual(positions.list, [at('user:1', 5), at('drivers:main', 10)]);
});

test('a stream in which nothing had happened begins with its first event', () => {
  const positions = new Positions([at('all', 0, null)]);
  assert.equal(positions.take([at('all', 2)]), 'gap');
  assert.equal(positions.take([at('all', 1)]), 'next');
  assert.deepEqual(positions.list, [at('all', 1)]);
});

test('another epoch, and a stream never heard of, are gaps', () => {
  const positions = new Positions([at('user:1', 4)]);
  assert.equal(positions.take([at('user:1', 5, 'f')]), 'gap');
  assert.equal(positions.take([at('user:1', 3, 'f')]), 'gap');
  assert.equal(positions.take([at('role:rider', 1)]), 'gap');
});
