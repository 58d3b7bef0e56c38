import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Stage, WISH, type Refusal } from './stage.js';

test('create, list, retrieve, update, patch, delete', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    const trip = await rider.create('trips', WISH);
    assert.equal(trip.status, 'REQUESTED');
    assert.deepEqual(await rider.list('trips'), [trip]);
    assert.deepEqual(await rider.retrieve('trips', trip.id), trip);
    const updated = await rider.update('trips', trip.id, { ...WISH, pick_up_address: 'Harbour' });
    assert.equal(updated.pick_up_address, 'Harbour');
    const patched = await rider.patch('trips', trip.id, { drop_off_address: 'Airport' });
    assert.deepEqual([patched.pick_up_address, patched.drop_off_address], ['Harbour', 'Airport']);
    assert.equal(await rider.delete('trips', trip.id), null);
    assert.deepEqual(await rider.list('trips'), []);
  }));

test('a driver moves a trip on by patching its status', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const { id } = await rider.create('trips', WISH);
    for (const status of ['STARTED', 'ARRIVED', 'IN_PROGRESS', 'COMPLETED']) {
      assert.equal((await driver.patch('trips', id, { status })).status, status);
    }
    assert.equal((await rider.retrieve('trips', id)).status, 'COMPLETED');
  }));

test('an action of our own', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const { id } = await rider.create('trips', WISH);
    assert.equal((await driver.request('trips', { action: 'accept', pk: id })).status, 'STARTED');
  }));

test('what is refused fails with the answer', () =>
  Stage.set(async (stage) => {
    const [rider, driver, other] = [await stage.enter('rider'), await stage.enter('driver'), await stage.enter('driver')];
    const { id } = await rider.create('trips', WISH);
    await assert.rejects(rider.retrieve('trips', id + 1_000_000), (answer: Refusal) => {
      assert.deepEqual([answer.response_status, answer.errors, answer.data], [404, ['Not found'], null]);
      return true;
    });
    await assert.rejects(rider.create('trips', { pick_up_address: 'A' }), (answer: Refusal) => {
      assert.deepEqual([answer.response_status, answer.data], [400, null]);
      assert.deepEqual(answer.errors, [{ drop_off_address: ['This field is required.'] }]);
      return true;
    });
    await assert.rejects(rider.request('trips', { action: 'fly' }), (answer: Refusal) => {
      assert.deepEqual([answer.response_status, answer.errors], [405, ['Method "fly" not allowed.']]);
      return true;
    });
    await driver.patch('trips', id, { status: 'STARTED' });
    await assert.rejects(other.patch('trips', id, { status: 'STARTED' }), (answer: Refusal) => {
      assert.deepEqual([answer.response_status, answer.data?.code], [409, 'already-taken']);
      return true;
    });
  }));

test('requests before the first connection are queued', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    assert.equal(rider.transport.isConnected(), false);
    const trips = await Promise.all([rider.create('trips', WISH), rider.create('trips', WISH)]);
    assert.deepEqual(
      trips.map(({ status }) => status),
      ['REQUESTED', 'REQUESTED'],
    );
  }));
