import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RefusedError, UnansweredError } from '../../src/index.js';
import { connected, withTown } from '../support/town.js';

test('a call is a wrapped frame, and its answer is the data', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const created = town.client.trips.create({ pick_up_address: 'A', drop_off_address: 'B' });
    const asked = await connection.request('create');
    assert.equal(asked.stream, 'trips');
    assert.deepEqual(asked.data, { pick_up_address: 'A', drop_off_address: 'B' });
    connection.answer(asked, { id: 1, status: 'REQUESTED' }, 201);
    assert.deepEqual(await created, { id: 1, status: 'REQUESTED' });
  }));

test('answers find their calls in whatever order', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const both = [town.client.trips.retrieve(1), town.client.trips.retrieve('nk')];
    const [one, two] = [await connection.request('retrieve'), await connection.request('retrieve')];
    connection.answer(two, { id: 2 });
    connection.answer(one, { id: 1 });
    assert.deepEqual(await Promise.all(both), [{ id: 1 }, { id: 2 }]);
    assert.deepEqual([one.pk, two.pk], [1, 'nk']);
  }));

test('a refused call fails with status, code, errors and the state of the trip', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const accepted = town.client.trips.accept(1);
    connection.answer(await connection.request('accept'), { code: 'not-possible', trip_status: 'CANCELLED' }, 409, ['It is over.']);
    await assert.rejects(accepted, (error: RefusedError) => {
      assert.ok(error instanceof RefusedError);
      assert.equal(error.status, 409);
      assert.equal(error.code, 'not-possible');
      assert.equal(error.tripStatus, 'CANCELLED');
      assert.deepEqual(error.errors, ['It is over.']);
      return true;
    });
  }));

test('a refused call names the fields', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const created = town.client.trips.create({ pick_up_address: '', drop_off_address: 'B' });
    const errors = [{ pick_up_address: ['This field may not be blank.'] }];
    connection.answer(await connection.request('create'), null, 400, errors);
    await assert.rejects(created, (error: RefusedError) => {
      assert.deepEqual(error.fields, errors[0]);
      assert.equal(error.code, null);
      return true;
    });
  }));

test('a call that nobody answers fails', () =>
  withTown(
    async (town) => {
      await connected(town);
      await assert.rejects(town.client.trips.list(), { name: 'UnansweredError', reason: 'timeout' });
    },
    { timeout: 100 },
  ));

test('a call in flight fails with its connection', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const listed = town.client.trips.list();
    await connection.request('list');
    connection.socket.terminate();
    await assert.rejects(listed, (error: UnansweredError) => {
      assert.ok(error instanceof UnansweredError);
      assert.equal(error.reason, 'disconnected');
      assert.equal(error.sent, true);
      return true;
    });
  }));

test('a command is sent again under the same key when its connection is lost', () =>
  withTown(async (town) => {
    const first = await connected(town);
    const created = town.client.trips.create({ pick_up_address: 'A', drop_off_address: 'B' });
    const asked = await first.request('create');
    first.socket.terminate();
    const second = await town.service.connections.next('another connection');
    const again = await second.request('create');
    assert.match(String(asked['idempotency_key']), /^[!-~]{1,255}$/);
    assert.deepEqual(again, asked);
    second.answer(again, { id: 1 }, 201);
    assert.deepEqual(await created, { id: 1 });
  }));

test('every command has a key of its own', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const both = [town.client.trips.accept(1), town.client.trips.accept(1)];
    const asked = [await connection.request('accept'), await connection.request('accept')];
    asked.forEach((one) => connection.answer(one, {}));
    await Promise.all(both);
    assert.notEqual(asked[0]?.['idempotency_key'], asked[1]?.['idempotency_key']);
  }));

test('what an operator does to a trip has a key too', () =>
  withTown(async ({ client, service }) => {
    client.connect();
    const connection = await service.connections.next('a connection');
    const done = [client.trips.takeBack(1, 'x'), client.trips.end(1, 'CANCELLED', 'x'), client.trips.setFare(1, 900, 'x')];
    for (const action of ['take_back', 'end', 'set_fare']) {
      const asked = await connection.request(action);
      assert.match(String(asked['idempotency_key']), /^[!-~]{1,255}$/);
      connection.answer(asked, {});
    }
    await Promise.all(done);
  }));

test('a call made without a connection waits for one', () =>
  withTown(async (town) => {
    const listed = town.client.trips.list({ status: 'REQUESTED' });
    const connection = await connected(town);
    const asked = await connection.request('list');
    assert.equal(asked['status'], 'REQUESTED');
    connection.answer(asked, []);
    assert.deepEqual(await listed, []);
  }));

test('closing fails what is unanswered', () =>
  withTown(async (town) => {
    const listed = town.client.trips.list();
    town.client.close();
    await assert.rejects(listed, { name: 'UnansweredError', reason: 'closed', sent: false });
  }));

test('a streamed list is told page by page', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const pages: number[] = [];
    const all = town.client.trips.pages({ limit: 2 }, (page) => pages.push(page.offset));
    const asked = await connection.request('list');
    assert.equal(asked['streamed'], true);
    for (const offset of [0, 2, 4]) connection.answer(asked, { count: 5, limit: 2, offset, results: [] });
    await all;
    assert.deepEqual(pages, [0, 2, 4]);
  }));

test('a refusal that answers nothing in particular is reported', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    const nobody = { errors: ['Slow down.'], data: { code: 'too-many-requests' }, action: null, response_status: 429, request_id: null };
    connection.socket.send(JSON.stringify(nobody));
    const error = (await town.errors.next('an error')) as RefusedError;
    assert.deepEqual([error.status, error.code], [429, 'too-many-requests']);
  }));

test('what is not an answer is reported, and the next frame is read', () =>
  withTown(async (town) => {
    const connection = await connected(town);
    for (const strange of ['not JSON', '{"hello":1}']) {
      connection.socket.send(strange);
      await town.errors.next('an error');
    }
    const listed = town.client.trips.list();
    connection.answer(await connection.request('list'), []);
    assert.deepEqual(await listed, []);
  }));
