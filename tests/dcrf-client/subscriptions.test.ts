import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Trip } from '../../clients/typescript/src/index.js';
import { Stage, WISH, disconnected, reconnected, subscribed, type Refusal } from './stage.js';

test('a subscription hears updates, and the deletion under the field of the key', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const { id } = await rider.create('trips', WISH);
    const heard = { rider: await subscribed(rider, id), driver: await subscribed(driver, id) };
    const patched = await rider.patch('trips', id, { drop_off_address: 'Airport' });
    assert.deepEqual(await heard.rider.next('the update'), { action: 'update', data: patched });
    assert.deepEqual(await heard.driver.next('the update'), { action: 'update', data: patched });
    await rider.delete('trips', id);
    assert.deepEqual(await heard.rider.find(({ action }) => action === 'delete', 'the deletion'), { action: 'delete', data: { id } });
    assert.deepEqual(await heard.driver.find(({ action }) => action === 'delete', 'the deletion'), { action: 'delete', data: { id } });
  }));

test('a request that another driver takes is deleted for the others', () =>
  Stage.set(async (stage) => {
    const [rider, first, second] = [await stage.enter('rider'), await stage.enter('driver'), await stage.enter('driver')];
    const { id } = await rider.create('trips', WISH);
    const heard = { first: await subscribed(first, id), second: await subscribed(second, id) };
    const taken = await first.patch('trips', id, { status: 'STARTED' });
    assert.deepEqual(await heard.first.next('the update'), { action: 'update', data: taken });
    assert.deepEqual(await heard.second.next('the deletion'), { action: 'delete', data: { id } });
  }));

test('a subscription to nothing is refused', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    await assert.rejects(subscribed(rider, 1_000_000_000), (answer: Refusal) => answer.response_status === 404);
  }));

test('a subscription that is cancelled hears nothing more; another goes on', () =>
  Stage.set(async (stage) => {
    const rider = await stage.enter('rider');
    const { id } = await rider.create('trips', WISH);
    const silent: unknown[] = [];
    const subscription = rider.subscribe('trips', id, (data) => silent.push(data));
    await subscription;
    const heard = await subscribed(rider, id);
    assert.equal(subscription.cancel(), true);
    assert.equal(subscription.cancel(), false);
    await rider.patch('trips', id, { drop_off_address: 'Airport' });
    await rider.request('trips', { action: 'cancel', pk: id });
    await heard.find(({ data }) => (data as Trip).status === 'CANCELLED', 'the end');
    assert.deepEqual(silent, []);
  }));

test('subscriptions go on under their old request ids when the service was killed and is back', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider'), await stage.enter('driver')];
    const { id } = await rider.create('trips', WISH);
    const heard = [await subscribed(rider, id, 'one'), await subscribed(rider, id, 'two')];
    const back = [reconnected(rider), reconnected(driver)];
    await stage.service.restart('SIGKILL');
    await Promise.all(back);
    await rider.retrieve('trips', id); // answered after the subscriptions, which were sent before
    const taken = await driver.patch('trips', id, { status: 'STARTED' });
    for (const subscription of heard) assert.deepEqual(await subscription.next('the update'), { action: 'update', data: taken });
    assert.deepEqual(heard.map(({ unread }) => unread), [[], []]);
  }));

test('frames that are sent while the line is cut arrive when it is mended', () =>
  Stage.set(async (stage) => {
    const [rider, driver] = [await stage.enter('rider', stage.proxy.url), await stage.enter('driver')];
    const { id } = await rider.create('trips', WISH);
    const heard = await subscribed(rider, id);
    const lost = disconnected(rider);
    stage.proxy.cut();
    await lost;
    const taken = await driver.patch('trips', id, { status: 'STARTED' });
    const queued = [rider.retrieve('trips', id), rider.create('trips', WISH)];
    stage.proxy.mend();
    const [retrieved, created] = await Promise.all(queued);
    assert.deepEqual(retrieved, taken);
    assert.equal(created.status, 'REQUESTED');
    const arrived = await driver.patch('trips', id, { status: 'ARRIVED' });
    assert.deepEqual(await heard.next('the update'), { action: 'update', data: arrived });
  }));

test('a client whose address is made anew comes back after the service has stopped', () =>
  Stage.set(async (stage) => {
    const address = await stage.address('rider');
    let made = 0;
    const rider = stage.connect(() => {
      made += 1;
      return address;
    });
    const trip = await rider.create('trips', WISH);
    const back = reconnected(rider);
    await stage.service.restart();
    await back;
    assert.deepEqual(await rider.list('trips'), [trip]);
    assert.ok(made >= 2);
  }));
