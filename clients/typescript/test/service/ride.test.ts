import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Trip } from '../../src/index.js';
import { Inbox } from '../support/deadline.js';
import { Heard, Stage, WISH } from './stage.js';

test('a ride from the request to its end, over two clients', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const offered = new Inbox<Trip>();
    await driver.client.trips.subscribeActivity({ status: 'REQUESTED' }, { create: (trip) => offered.put(trip) });
    const trip = await rider.client.trips.create(WISH);
    assert.equal(trip.status, 'REQUESTED');
    assert.equal(trip.rider.username, rider.someone.username);
    assert.deepEqual(await offered.find(({ id }) => id === trip.id, 'the offer'), trip);

    const heard = new Inbox<Trip>();
    await rider.client.trips.subscribe(trip.id, { update: (changed) => heard.put(changed) });
    const { trips } = driver.client;
    for (const [act, status] of [
      [trips.accept, 'STARTED'],
      [trips.arrive, 'ARRIVED'],
      [trips.start, 'IN_PROGRESS'],
      [trips.complete, 'COMPLETED'],
    ] as const) {
      const changed = await act.call(trips, trip.nk);
      assert.equal(changed.status, status);
      assert.deepEqual(await heard.next(status), changed);
    }
    assert.deepEqual(await rider.client.trips.list({ status: 'COMPLETED' }), [await rider.client.trips.retrieve(trip.id)]);
  }));

test('the second driver is told that another was first', () =>
  Stage.set(async (stage) => {
    const [rider, first, second] = [await stage.enter('rider'), await stage.enter('driver'), await stage.enter('driver')];
    const trip = await rider.client.trips.create(WISH);
    await first.client.trips.accept(trip.id);
    await assert.rejects(second.client.trips.accept(trip.id), { name: 'RefusedError', status: 409, code: 'already-taken' });
    await assert.rejects(first.client.trips.complete(trip.id), { status: 409, code: 'not-possible', tripStatus: 'STARTED' });
    await assert.rejects(rider.client.trips.accept(trip.id), { status: 403 });
    await assert.rejects(rider.client.trips.retrieve(trip.id + 1_000_000), { status: 404 });
  }));

test('a wish that breaks rules is refused by field', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    const refused = rider.client.trips.create({ ...WISH, pick_up_address: 'x'.repeat(256) });
    await assert.rejects(refused, (error: { status: number; fields: object }) => {
      assert.equal(error.status, 400);
      assert.deepEqual(Object.keys(error.fields), ['pick_up_address']);
      return true;
    });
  }));

test('a rider amends, calls off and puts away', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const withdrawn = new Inbox<number>();
    await driver.client.trips.subscribeActivity({}, { delete: (id) => withdrawn.put(id) });
    const { trips } = rider.client;
    const amended = await trips.create(WISH);
    assert.equal((await trips.patch(amended.id, { drop_off_address: 'Harbour' })).drop_off_address, 'Harbour');
    const whole = await trips.update(amended.id, { ...WISH, pick_up_location: { lat: 48.1, lon: 11.6 } });
    assert.deepEqual(whole.pick_up_location, { lat: 48.1, lon: 11.6 });
    assert.equal((await trips.cancel(amended.id, 'Found a bike.')).reason, 'Found a bike.');
    await trips.delete(amended.id);
    await assert.rejects(trips.retrieve(amended.id), { status: 404 });
    assert.equal(await withdrawn.find((id) => id === amended.id), amended.id);
  }));

test('pages come whole, one by one, and streamed', () =>
  Stage.set(async (stage) => {
    const { client } = await stage.enter('rider');
    const made: number[] = [];
    for (let count = 0; count < 3; count += 1) made.unshift((await client.trips.create(WISH)).id);
    const ids = (trips: Trip[]) => trips.map(({ id }) => id);
    assert.deepEqual(ids(await client.trips.list()), made);
    const page = await client.trips.page({ limit: 2, offset: 1 });
    assert.deepEqual([page.count, page.limit, page.offset, ids(page.results)], [3, 2, 1, made.slice(1)]);
    const streamed: number[][] = [];
    await client.trips.pages({ limit: 2 }, ({ results }) => streamed.push(ids(results)));
    assert.deepEqual(streamed, [made.slice(0, 2), made.slice(2)]);
  }));

test('an operator ends a ride', () =>
  Stage.set(async (stage) => {
    const [rider, driver, operator] = [await stage.enter('rider'), await stage.enter('driver'), await stage.enter('operator')];
    const { id } = await rider.client.trips.create(WISH);
    for (const act of ['accept', 'arrive', 'start'] as const) await driver.client.trips[act](id);
    const heard = Heard.by(rider.client);
    await heard.snapshots.next('a snapshot');
    const ended = await operator.client.trips.end(id, 'CANCELLED', 'The car broke down.');
    assert.deepEqual([ended.status, ended.reason], ['CANCELLED', 'The car broke down.']);
    const told = await heard.until('cancelled');
    assert.equal(told.actor.role, 'operator');
  }));
