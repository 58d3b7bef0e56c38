import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client, Position, Snapshot } from '../../src/index.js';
import { Inbox } from '../support/deadline.js';
import type { Asked, Connection } from '../support/fake.js';
import { connected, withTown } from '../support/town.js';

const at = (sequence: number, stream = 'user:1') => ({ stream, epoch: 'e', sequence });

/** What a follower receives: the numbers of events, and words for the rest. */
function follow(client: Client, positions?: Position[]): Inbox<unknown> {
  const heard = new Inbox<unknown>();
  const listener = {
    snapshot: (_: Snapshot, __: Position[], reason: string) => heard.put(`snapshot: ${reason}`),
    resumed: () => heard.put('resumed'),
    event: ({ id }: { id: number }) => heard.put(id),
  };
  client.follow(listener, positions);
  return heard;
}

function snapshot(connection: Connection, asked: Asked, positions: Position[], reason = 'no-position'): void {
  connection.answer(asked, { resumed: false, reason, positions, snapshot: { trips: [], unread: 0, shift: null, offer: null } });
}

function event(connection: Connection, asked: Asked, id: number, position: Position, also?: Position[]): void {
  connection.tell(asked, 'event', { position, ...(also ? { also } : {}), event: { id, kind: 'requested' } });
}

test('a follower hears a snapshot, and then each event once and in order', () =>
  withTown(async (town) => {
    const heard = follow(town.client);
    const connection = await connected(town);
    const asked = await connection.request('resume');
    assert.deepEqual(asked.data, { positions: [] });
    snapshot(connection, asked, [at(4), at(0, 'all')]);
    event(connection, asked, 50, at(5));
    event(connection, asked, 50, at(5));
    event(connection, asked, 60, at(6), [at(1, 'all')]);
    event(connection, asked, 60, at(6), [at(1, 'all')]);
    event(connection, asked, 70, at(7));
    for (const expected of ['snapshot: no-position', 50, 60, 70]) assert.equal(await heard.next(), expected);
    assert.deepEqual(town.client.positions, [at(7), at(1, 'all')]);
  }));

test('a follower goes on from the positions that were kept', () =>
  withTown(async (town) => {
    const heard = follow(town.client, [at(4)]);
    const connection = await connected(town);
    const asked = await connection.request('resume');
    assert.deepEqual(asked.data, { positions: [at(4)] });
    connection.answer(asked, { resumed: true, positions: [at(4)] });
    event(connection, asked, 50, at(5));
    for (const expected of ['resumed', 50]) assert.equal(await heard.next(), expected);
  }));

test('a follower resumes after a reconnect, before anything else is asked', () =>
  withTown(async (town) => {
    const heard = follow(town.client, [at(4)]);
    const first = await connected(town);
    const before = await first.request('resume');
    first.answer(before, { resumed: true, positions: [at(4)] });
    event(first, before, 50, at(5));
    await heard.find((item) => item === 50);
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    const asked = await second.request('resume');
    assert.deepEqual(asked.data, { positions: [at(5)] });
    second.answer(asked, { resumed: true, positions: [at(5)] });
    event(second, asked, 60, at(6));
    for (const expected of ['resumed', 60]) assert.equal(await heard.next(), expected);
  }));

test('a gap is not passed over: the follower resumes, and does not hear what the old request brings', () =>
  withTown(async (town) => {
    const heard = follow(town.client, [at(4)]);
    const connection = await connected(town);
    const before = await connection.request('resume');
    connection.answer(before, { resumed: true, positions: [at(4)] });
    event(connection, before, 60, at(6));
    event(connection, before, 50, at(5));
    const asked = await connection.request('resume');
    assert.deepEqual(asked.data, { positions: [at(4)] });
    assert.notEqual(asked.request_id, before.request_id);
    connection.answer(asked, { resumed: true, positions: [at(4)] });
    event(connection, asked, 50, at(5));
    event(connection, asked, 60, at(6));
    for (const expected of ['resumed', 'resumed', 50, 60]) assert.equal(await heard.next(), expected);
    event(connection, asked, 80, at(8));
    assert.deepEqual((await connection.request('resume')).data, { positions: [at(6)] });
  }));

test('a gap that comes again is closed by a snapshot, and then by another connection', () =>
  withTown(async (town) => {
    const heard = follow(town.client, [at(4)]);
    const first = await connected(town);
    const one = await first.request('resume');
    first.answer(one, { resumed: true, positions: [at(4)] });
    event(first, one, 60, at(6));
    const two = await first.request('resume');
    first.answer(two, { resumed: true, positions: [at(4)] });
    event(first, two, 60, at(6));
    const three = await first.request('resume');
    assert.deepEqual(three.data, { positions: [] });
    snapshot(first, three, [at(4)]);
    event(first, three, 60, at(6));
    const second = await town.service.connections.next('another connection');
    const four = await second.request('resume');
    second.answer(four, { resumed: true, positions: [at(4)] });
    event(second, four, 50, at(5));
    await heard.find((item) => item === 50);
    assert.deepEqual(heard.all.filter((item) => typeof item === 'number'), [50]);
  }));

test('positions that the service refuses are forgotten', () =>
  withTown(async (town) => {
    const heard = follow(town.client, [at(4, 'user:2')]);
    const connection = await connected(town);
    for (const positions of [[at(4, 'user:2')], []]) {
      const asked = await connection.request('resume');
      if (positions.length === 0) snapshot(connection, asked, [at(9)]);
      else connection.answer(asked, null, 400, [{ positions: ['Not a stream of yours.'] }]);
    }
    assert.equal(await heard.next(), 'snapshot: no-position');
  }));

test('a service that cannot resume now is asked over another connection', () =>
  withTown(
    async (town) => {
      const heard = follow(town.client, [at(4)]);
      const first = await connected(town);
      first.answer(await first.request('resume'), { code: 'unavailable' }, 503, ['Not now.']);
      const second = await town.service.connections.next('another connection');
      const asked = await second.request('resume');
      assert.deepEqual(asked.data, { positions: [at(4)] });
      second.answer(asked, { resumed: true, positions: [at(4)] });
      assert.equal(await heard.next(), 'resumed');
    },
    { timeout: 60_000 },
  ));

test('a listener that fails does not hear the event again', () =>
  withTown(async (town) => {
    const heard = new Inbox<number>();
    town.client.follow(
      {
        snapshot: () => {},
        event: ({ id }) => {
          heard.put(id);
          throw new Error('a fault of the app');
        },
      },
      [at(4)],
    );
    const connection = await connected(town);
    const asked = await connection.request('resume');
    connection.answer(asked, { resumed: true, positions: [at(4)] });
    event(connection, asked, 50, at(5));
    event(connection, asked, 50, at(5));
    event(connection, asked, 60, at(6));
    for (const expected of [50, 60]) assert.equal(await heard.next(), expected);
    assert.equal(town.errors.all.length, 2);
  }));
