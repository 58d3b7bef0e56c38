import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client, Offer } from '../../src/index.js';
import { Inbox } from '../support/deadline.js';
import type { Asked, Connection } from '../support/fake.js';
import { connected, withTown, type Town } from '../support/town.js';

const at = (sequence: number) => ({ stream: 'user:1', epoch: 'e', sequence });

const offer = (id: string, state: string) => ({ id, state, trip: { id: 7 } }) as unknown as Offer;

/** The offers that an app receives, as `id state`. */
function follow(client: Client): Inbox<string> {
  const heard = new Inbox<string>();
  client.follow(
    {
      snapshot: () => heard.put('snapshot'),
      event: ({ kind }) => heard.put(kind),
      offer: ({ id, state }) => heard.put(`${id} ${state}`),
      offerEnded: ({ id, state }) => heard.put(`${id} over: ${state}`),
    },
    [at(0)],
  );
  return heard;
}

async function resumed(connection: Connection, sequence = 0): Promise<Asked> {
  const asked = await connection.request('resume');
  connection.answer(asked, { resumed: true, positions: [at(sequence)] });
  return asked;
}

function tell(connection: Connection, asked: Asked, sequence: number, told: Offer): void {
  const kind = told.state === 'created' ? 'offered' : 'offer-ended';
  connection.tell(asked, 'event', { position: at(sequence), event: { id: sequence, kind, offer: told } });
}

/** Fails unless the app has received exactly this since the last check. */
async function hears(heard: Inbox<string>, ...expected: string[]): Promise<void> {
  for (const item of expected) assert.equal(await heard.next(item), item);
}

/** A call after everything that was sent before. */
async function settled({ client }: Town, connection: Connection): Promise<void> {
  const listed = client.trips.list();
  connection.answer(await connection.request('list'), []);
  await listed;
}

test('an offer is received at once, and then told as it is now', () =>
  withTown(async (town) => {
    const heard = follow(town.client);
    const connection = await connected(town);
    const stream = await resumed(connection);
    tell(connection, stream, 1, offer('a', 'created'));
    const asked = await connection.request('receive');
    assert.equal(asked.pk, 7);
    connection.answer(asked, offer('a', 'delivered'));
    await hears(heard, 'offered', 'a delivered');
    tell(connection, stream, 2, offer('a', 'expired'));
    await hears(heard, 'offer-ended', 'a over: expired');
  }));

test('an offer that is over before it was received is not told', () =>
  withTown(async (town) => {
    const heard = follow(town.client);
    const connection = await connected(town);
    const stream = await resumed(connection);
    tell(connection, stream, 1, offer('a', 'created'));
    connection.answer(await connection.request('receive'), { code: 'offer-over' }, 409, ['This offer is withdrawn.']);
    tell(connection, stream, 2, offer('b', 'created'));
    const late = await connection.request('receive');
    tell(connection, stream, 3, offer('b', 'withdrawn'));
    connection.answer(late, offer('b', 'withdrawn'));
    await settled(town, connection);
    await hears(heard, 'offered', 'offered', 'offer-ended');
    assert.deepEqual(heard.unread, []);
    assert.deepEqual(town.errors.all, []);
  }));

test('an offer that could not be received is received after the reconnect', () =>
  withTown(async (town) => {
    const heard = follow(town.client);
    const first = await connected(town);
    tell(first, await resumed(first), 1, offer('a', 'created'));
    await first.request('receive');
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    await resumed(second, 1);
    second.answer(await second.request('receive'), offer('a', 'delivered'));
    await hears(heard, 'offered', 'a delivered');
  }));

test('the open offer of a snapshot is received, or was already', () =>
  withTown(async (town) => {
    const heard = follow(town.client);
    const connection = await connected(town);
    for (const state of ['created', 'delivered']) {
      const snapshot = { trips: [], unread: 0, shift: null, offer: offer('a', state) };
      const asked = await connection.request('resume');
      connection.answer(asked, { resumed: false, reason: 'too-old', positions: [at(0)], snapshot });
      if (state === 'created') connection.answer(await connection.request('receive'), offer('a', 'delivered'));
      await hears(heard, 'snapshot', 'a delivered');
      if (state === 'created') tell(connection, asked, 9, offer('a', 'expired')); // a gap
    }
  }));

test('a client that does not receive tells offers as they come', () =>
  withTown(
    async (town) => {
      const heard = follow(town.client);
      const connection = await connected(town);
      tell(connection, await resumed(connection), 1, offer('a', 'created'));
      await hears(heard, 'offered', 'a created');
      const received = town.client.duty.receive(7);
      connection.answer(await connection.request('receive'), offer('a', 'delivered'));
      assert.equal((await received).state, 'delivered');
      const declined = town.client.duty.decline(7);
      connection.answer(await connection.request('decline'), offer('a', 'declined'));
      assert.equal((await declined).state, 'declined');
    },
    { receivesOffers: false },
  ));

test('what a driver does on duty is a call each', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const { duty, trips } = town.client;
    const here = { lat: 48.1, lon: 11.6 };
    for (const [call, action, data] of [
      [() => duty.shift(), 'shift', undefined],
      [() => duty.beginShift(), 'begin_shift', {}],
      [() => duty.beginShift({ class: 'van', seats: 6 }), 'begin_shift', { class: 'van', seats: 6 }],
      [() => duty.endShift(), 'end_shift', undefined],
      [() => duty.hint(), 'hint', undefined],
      [() => duty.sendPosition(here), 'position', here],
      [() => duty.sendPositions([here]), 'position', { positions: [here] }],
      [() => trips.start(7, '0407'), 'start', { code: '0407' }],
      [() => trips.giveBack(7, 'A flat tyre.'), 'give_back', { reason: 'A flat tyre.' }],
      [() => trips.noShow(7), 'no_show', undefined],
    ] as const) {
      const called: Promise<unknown> = call();
      const asked = await connection.request(action);
      assert.deepEqual(asked.data, data);
      connection.answer(asked, { action });
      assert.deepEqual(await called, { action });
    }
  }));

test('whoever watches a driver hears the last position and each that comes, over reconnects', () =>
  withTown(async (town) => {
    const heard = new Inbox<number>();
    const first = await connected(town);
    const watched = town.client.trips.watchPosition(7, { position: ({ lat }) => heard.put(lat) });
    const asked = await first.request('subscribe_position');
    first.answer(asked, null, 201);
    const { data, cancel } = await watched;
    assert.equal(data, null);
    first.tell(asked, 'position', { pk: 7, lat: 1, lon: 0, at: '' });
    assert.equal(await heard.next(), 1);
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    second.answer(await second.request('subscribe_position'), { pk: 7, lat: 2, lon: 0, at: '' }, 201);
    assert.equal(await heard.next(), 2);
    cancel();
    assert.equal((await second.request('unsubscribe_position')).pk, 7);
  }));
