import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Inbox } from '../support/deadline.js';
import { Proxy } from '../support/proxy.js';
import { Heard, Stage, WISH } from './stage.js';

test('what happened while a rider was away, over a restart of the service, comes once and in order', () =>
  Stage.set(async (stage) => {
    const proxy = await Proxy.to(() => stage.service.port);
    stage.closing(() => proxy.close());
    const [rider, driver] = [await stage.enter('rider', proxy.url), await stage.enter('driver')];
    const heard = Heard.by(rider.client);
    assert.deepEqual((await heard.snapshots.next('a snapshot')).trips, []);
    const trip = await rider.client.trips.create(WISH);
    await heard.until('requested');

    proxy.cut();
    await rider.states.find((state) => state === 'waiting', 'the loss of the line');
    await driver.client.trips.accept(trip.id);
    await stage.service.restart();
    await driver.client.trips.arrive(trip.id);
    proxy.mend();
    await heard.resumptions.next('to be resumed');
    await driver.client.trips.start(trip.id);
    await driver.client.trips.complete(trip.id);
    await heard.until('completed');

    assert.deepEqual(heard.kinds(trip), ['requested', 'accepted', 'arrived', 'started', 'completed']);
    heard.assertEachOnce();
    assert.equal(heard.snapshots.all.length, 1);
  }));

test('a service that is killed loses nobody an event', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const heard = { rider: Heard.by(rider.client), driver: Heard.by(driver.client) };
    await Promise.all([heard.rider.snapshots.next('a snapshot'), heard.driver.snapshots.next('a snapshot')]);
    const trip = await rider.client.trips.create(WISH);
    for (const act of ['accept', 'arrive', 'start', 'complete'] as const) {
      await stage.service.restart('SIGKILL');
      await driver.client.trips[act](trip.id);
    }
    for (const party of [heard.rider, heard.driver]) {
      await party.until('completed');
      assert.deepEqual(party.kinds(trip), ['requested', 'accepted', 'arrived', 'started', 'completed']);
      party.assertEachOnce();
      assert.equal(party.snapshots.all.length, 1);
    }
  }));

test('positions that an app has kept go on where it was, and strange ones give a snapshot', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    const before = Heard.by(rider.client);
    await before.snapshots.next('a snapshot');
    const { id } = await rider.client.trips.create(WISH);
    await before.until('requested');
    const kept = rider.client.positions;
    rider.client.close();

    const again = stage.keep(rider.twin);
    const after = Heard.by(again.client, kept);
    await after.resumptions.next('to be resumed');
    await again.client.trips.cancel(id);
    await after.until('cancelled');
    assert.deepEqual(after.kinds({ ...(await again.client.trips.retrieve(id)) }), ['cancelled']);

    const lost = Heard.by(
      again.client,
      kept.map((position) => ({ ...position, epoch: '0193a1b2c3d4e5f60718293a4b5c6d7e', sequence: 1 })),
    );
    assert.deepEqual(await lost.snapshots.next('a snapshot'), { trips: [], unread: 0, shift: null, offer: null });
    assert.deepEqual(lost.resumptions.all, []);
  }));

test('subscriptions stand again after a restart', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const { id } = await rider.client.trips.create(WISH);
    const [heard, again] = [new Inbox<string>(), new Inbox<null>()];
    await rider.client.trips.subscribe(id, { update: ({ status }) => heard.put(status), again: () => again.put(null) });
    await driver.client.trips.accept(id);
    assert.equal(await heard.next('the accept'), 'STARTED');
    await stage.service.restart();
    await again.next('the subscription');
    await driver.client.trips.arrive(id);
    assert.equal(await heard.next('the arrival'), 'ARRIVED');
  }));
