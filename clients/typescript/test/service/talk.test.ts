import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ChatMessage, Notification } from '../../src/index.js';
import { Inbox } from '../support/deadline.js';
import { Proxy } from '../support/proxy.js';
import { Heard, Stage, WISH } from './stage.js';

test('the parties of a trip talk, and what was said while one was away is heard', () =>
  Stage.set(async (stage) => {
    const proxy = await Proxy.to(() => stage.service.port);
    stage.closing(() => proxy.close());
    const [rider, driver] = [await stage.enter('rider', proxy.url), await stage.enter('driver')];
    const { id, nk } = await rider.client.trips.create(WISH);
    await driver.client.trips.accept(id);
    const first = await driver.client.chat.send(id, 'On my way.');
    assert.deepEqual([first.message, first.trip, first.sender.username], ['On my way.', nk, driver.someone.username]);

    const heard = new Inbox<ChatMessage>();
    const { data } = await rider.client.chat.join(id, { message: (message) => heard.put(message) });
    assert.deepEqual(data.messages, [first]);
    await rider.client.chat.send(id, 'I am at the door.');
    proxy.cut();
    await rider.states.find((state) => state === 'waiting', 'the loss of the line');
    await driver.client.chat.send(id, 'Two minutes.');
    proxy.mend();
    const said = [];
    while (said.length < 3) said.push((await heard.next('a message')).message);
    assert.deepEqual(said, ['On my way.', 'I am at the door.', 'Two minutes.']);
  }));

test('a chat is an event of both parties, and closed to others', () =>
  Stage.set(async (stage) => {
    const [rider, driver, other] = [await stage.enter('rider'), await stage.enter('driver'), await stage.enter('rider')];
    const { id } = await rider.client.trips.create(WISH);
    await driver.client.trips.accept(id);
    const heard = Heard.by(rider.client);
    await heard.snapshots.next('a snapshot');
    const sent = await driver.client.chat.send(id, 'On my way.');
    const event = await heard.until('message');
    assert.deepEqual(event.kind === 'message' && event.message, sent);
    await assert.rejects(other.client.chat.join(id, { message: () => {} }), { name: 'RefusedError', status: 404 });
  }));

test('an operator notifies a rider, who reads it', () =>
  Stage.set(async (stage) => {
    const [rider, operator] = [await stage.enter('rider'), await stage.enter('operator')];
    const heard = new Inbox<Notification>();
    const events = Heard.by(rider.client);
    const { data } = await rider.client.notifications.subscribe({ notification: (notification) => heard.put(notification) });
    assert.deepEqual(data, { unread: 0 });
    const sent = await operator.client.notifications.send({ message: 'The bridge is closed.', user: rider.someone.username });
    assert.deepEqual(await heard.next('the notification'), sent);
    const event = await events.until('notification');
    assert.deepEqual(event.kind === 'notification' && event.notification, sent);
    assert.deepEqual(await rider.client.notifications.list(), { unread: 1, results: [sent] });
    assert.deepEqual(await rider.client.notifications.read([sent.id]), { unread: 0 });
    await assert.rejects(rider.client.notifications.send({ message: 'x', everybody: true }), { status: 403 });
  }));
