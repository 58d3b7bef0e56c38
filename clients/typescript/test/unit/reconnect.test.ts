import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WebSocket, type ErrorEvent } from 'ws';

import { within } from '../support/deadline.js';
import { tokens } from '../support/fake.js';
import { connected, withTown } from '../support/town.js';

for (const code of [1000, 1001, 1011, 4001, 4008, 4012]) {
  test(`a client comes back after ${code}`, () =>
    withTown(async (town) => {
      const first = await connected(town);
      first.socket.close(code);
      const second = await town.service.connections.next('another connection');
      assert.equal(second.token, town.session.tokens.access);
    }));
}

test('a client comes back when its line is cut', () =>
  withTown(async (town) => {
    (await connected(town)).socket.terminate();
    await town.service.connections.next('another connection');
    assert.deepEqual(town.states.all.slice(0, 4), ['connecting', 'open', 'waiting', 'connecting']);
  }));

test('a client whose session has ended tries to refresh it, and stops if it cannot', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const listed = town.client.trips.list();
    await connection.request('list');
    connection.socket.close(4501);
    await assert.rejects(listed, { name: 'UnansweredError' });
    await town.signedOut.next('the end of the session');
    assert.deepEqual(town.service.refreshes.all, ['refresh-first']);
    assert.equal(town.client.state, 'closed');
    assert.equal(town.session.ended, true);
    assert.equal(town.service.connections.all.length, 1);
  }));

test('a client whose session could be refreshed comes back', () =>
  withTown(async (town) => {
    town.service.tokens = tokens('second');
    (await connected(town)).socket.close(4501);
    const second = await town.service.connections.next('another connection');
    assert.equal(second.token, town.service.tokens.access);
  }));

test('another final code is final', () =>
  withTown(async (town) => {
    (await connected(town)).socket.close(4500);
    await town.signedOut.next('the end');
    assert.deepEqual(town.service.refreshes.all, []);
  }));

test('a token that the handshake refuses is exchanged', () =>
  withTown(async (town) => {
    const second = tokens('second');
    town.service.takes = (token) => token === second.access;
    town.service.tokens = second;
    const connection = await connected(town);
    assert.equal(connection.token, second.access);
    assert.deepEqual(town.service.refreshes.all, ['refresh-first']);
  }));

test('a session that ended while the client was away ends the client', () =>
  withTown(async (town) => {
    town.service.takes = () => false;
    town.client.connect();
    await town.signedOut.next('the end of the session');
    assert.equal(town.client.state, 'closed');
  }));

test('a handshake that fails without a close is tried again', () => {
  let first = true;
  class Failing extends WebSocket {
    constructor(url: string) {
      super(url);
      if (!first) return;
      first = false;
      queueMicrotask(() => {
        this.onclose = null;
        this.onerror?.({} as ErrorEvent);
        this.terminate();
      });
    }
  }
  return withTown(
    async (town) => {
      town.client.connect();
      await town.states.find((state) => state === 'open', 'a connection');
    },
    { WebSocket: Failing, timeout: 60_000 },
  );
});

test('a line that says nothing is given up', () =>
  withTown(
    async (town) => {
      const first = await connected(town);
      await first.request('unsubscribe_trip_activity');
      await town.service.connections.next('another connection');
      await within(first.gone, 'the end of the first');
    },
    { silence: 20, timeout: 50 },
  ));

test('a line that answers is kept', () =>
  withTown(
    async (town) => {
      const first = await connected(town);
      for (let times = 0; times < 3; times += 1) {
        first.answer(await first.request('unsubscribe_trip_activity'), null, 204);
      }
      assert.equal(town.service.connections.all.length, 1);
    },
    { silence: 20 },
  ));
