import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ChatMessage, RefusedError, Trip } from '../../src/index.js';
import { Inbox } from '../support/deadline.js';
import { connected, withTown } from '../support/town.js';

test('a subscription hears updates and the end', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const heard = new Inbox<unknown>();
    const made = town.client.trips.subscribe(1, {
      update: (trip: Trip) => heard.put(trip.status),
      delete: (pk) => heard.put(['delete', pk]),
    });
    const asked = await connection.request('subscribe_instance');
    connection.answer(asked, null, 201);
    await made;
    connection.tell(asked, 'update', { id: 1, status: 'STARTED' });
    connection.tell(asked, 'delete', { pk: 1 }, 204);
    assert.equal(await heard.next(), 'STARTED');
    assert.deepEqual(await heard.next(), ['delete', 1]);
  }));

test('a subscription is made again under its old id after a reconnect', () =>
  withTown(async (town) => {
    const first = await connected(town);
    const heard = new Inbox<unknown>();
    const made = town.client.trips.subscribeActivity({ status: 'REQUESTED' }, { create: (trip) => heard.put(trip.id), again: () => heard.put('again') });
    const asked = await first.request('subscribe_trip_activity');
    first.answer(asked, null, 201);
    await made;
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    const repeated = await second.request('subscribe_trip_activity');
    assert.deepEqual(repeated, asked);
    second.answer(repeated, null, 201);
    second.tell(repeated, 'create', { id: 7 });
    assert.equal(await heard.next(), 'again');
    assert.equal(await heard.next(), 7);
  }));

test('a subscription that the line cut off unanswered is made on the next', () =>
  withTown(async (town) => {
    const first = await connected(town);
    const made = town.client.trips.subscribe(1, { update: () => {} });
    await first.request('subscribe_instance');
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    second.answer(await second.request('subscribe_instance'), null, 201);
    assert.equal((await made).data, null);
  }));

test('a subscription that is refused fails, and is not made again', () =>
  withTown(async (town) => {
    const first = await connected(town);
    const made = town.client.trips.subscribe(1, { update: () => {} });
    first.answer(await first.request('subscribe_instance'), null, 404, ['Not found']);
    await assert.rejects(made, { name: 'RefusedError', status: 404 });
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    const listed = town.client.trips.list();
    second.answer(await second.request('list'), []);
    await listed;
  }));

test('a subscription that is refused after a reconnect has ended', () =>
  withTown(async (town) => {
    const first = await connected(town);
    const ends = new Inbox<RefusedError>();
    const made = town.client.trips.subscribe(1, { update: () => {}, ended: (error) => ends.put(error) });
    first.answer(await first.request('subscribe_instance'), null, 201);
    await made;
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    second.answer(await second.request('subscribe_instance'), null, 404, ['Not found']);
    assert.equal((await ends.next('its end')).status, 404);
  }));

test('a subscription that is cancelled says so under its id, and hears nothing more', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const heard = new Inbox<Trip>();
    const made = town.client.trips.subscribe('nk', { update: (trip) => heard.put(trip) });
    const asked = await connection.request('subscribe_instance');
    connection.answer(asked, null, 201);
    (await made).cancel();
    const cancelled = await connection.request('unsubscribe_instance');
    assert.deepEqual([cancelled.request_id, cancelled.pk], [asked.request_id, 'nk']);
    connection.tell(asked, 'update', { id: 1 });
    connection.answer(cancelled, null, 204);
    const listed = town.client.trips.list();
    connection.answer(await connection.request('list'), []);
    await listed;
    assert.deepEqual(heard.all, []);
    assert.deepEqual(town.errors.all, []);
  }));

test('a chat tells each message once, over reconnects', () =>
  withTown(async (town) => {
    const said = (id: number) => ({ id, message: `no. ${id}` }) as ChatMessage;
    const first = await connected(town);
    const heard = new Inbox<number>();
    const joined = town.client.chat.join(1, { message: ({ id }) => heard.put(id) });
    const asked = await first.request('join');
    assert.equal(asked.stream, 'chat');
    first.answer(asked, { messages: [said(1), said(2)] }, 201);
    first.tell(asked, 'message', said(3), 201);
    assert.equal((await joined).data.messages.length, 2);
    for (const id of [1, 2, 3]) assert.equal(await heard.next(), id);
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    const repeated = await second.request('join');
    second.answer(repeated, { messages: [said(2), said(3), said(4)] }, 201);
    second.tell(repeated, 'message', said(5), 201);
    for (const id of [4, 5]) assert.equal(await heard.next(), id);
  }));

test('a listener that fails is reported, and told the next', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const heard = new Inbox<number>();
    const made = town.client.notifications.subscribe({
      notification: ({ id }) => {
        if (id === 1) throw new Error('a fault of the app');
        heard.put(id);
      },
    });
    const asked = await connection.request('subscribe');
    connection.answer(asked, { unread: 1 }, 201);
    assert.deepEqual((await made).data, { unread: 1 });
    connection.tell(asked, 'notification', { id: 1 });
    connection.tell(asked, 'notification', { id: 2 });
    assert.equal(await heard.next(), 2);
    assert.match(String(town.errors.all), /a fault of the app/);
  }));
