import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Session } from '../../src/index.js';
import { FakeService, tokens } from '../support/fake.js';
import { connected, withTown } from '../support/town.js';

test('tokens are refreshed over the socket before they expire, and used for the next connection', () =>
  withTown(
    async (town) => {
      const second = tokens('second');
      const connection = await connected(town);
      const asked = await connection.request('refresh');
      assert.deepEqual(asked.data, { refresh: 'refresh-first' });
      connection.answer(asked, second);
      assert.deepEqual(await town.renewed.next('new tokens'), second);
      connection.socket.terminate();
      const next = await town.service.connections.next('another connection');
      assert.equal(next.token, second.access);
      assert.deepEqual(town.service.refreshes.all, []);
    },
    {},
    tokens('first', 61), // a minute before it expires, in a second
  ));

test('tokens that have expired are refreshed over HTTP before the handshake', () =>
  withTown(
    async (town) => {
      town.service.tokens = tokens('second');
      const connection = await connected(town);
      assert.equal(connection.token, town.service.tokens.access);
      assert.deepEqual(town.service.refreshes.all, ['refresh-first']);
    },
    {},
    tokens('first', 0),
  ));

test('who asks while a refresh is under way gets its tokens', async () => {
  const service = await FakeService.start();
  try {
    service.tokens = tokens('second');
    const told: string[] = [];
    const session = new Session({ url: service.url, tokens: tokens('first', 0), onTokens: ({ refresh }) => told.push(refresh) });
    const both = await Promise.all([session.access(), session.access()]);
    assert.deepEqual(both, [service.tokens.access, service.tokens.access]);
    assert.deepEqual(service.refreshes.all, ['refresh-first']);
    assert.deepEqual(told, ['refresh-second']);
  } finally {
    await service.stop();
  }
});

test('a refresh that is refused ends the session, and one that is not answered does not', async () => {
  const service = await FakeService.start();
  const session = new Session({ url: service.url, tokens: tokens('first', 0) });
  await assert.rejects(session.renew(() => Promise.reject(new Error('the line is cut'))), { message: 'the line is cut' });
  assert.equal(session.ended, false);
  await assert.rejects(session.access(), { name: 'SignedOutError' });
  assert.equal(session.ended, true);
  await service.stop();
});
