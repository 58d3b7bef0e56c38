import assert from 'node:assert/strict';
import { test } from 'node:test';

import { logOut, refreshTokens, type Tokens } from '../../src/index.js';
import { Proxy } from '../support/proxy.js';
import { Stage } from './stage.js';

test('tokens are refreshed on the socket, and the next connection uses them', () =>
  Stage.set(async (stage) => {
    const proxy = await Proxy.to(() => stage.service.port);
    stage.closing(() => proxy.close());
    const told: Tokens[] = [];
    const { client, session, states } = await stage.enter('rider', proxy.url, (tokens) => told.push(tokens));
    await client.trips.list();
    const before = session.tokens;
    await client.renew();
    assert.notEqual(session.tokens.access, before.access);
    assert.deepEqual(told.at(-1), session.tokens);
    proxy.cut();
    await states.find((state) => state === 'waiting', 'the loss of the line');
    proxy.mend();
    await client.trips.list();
    await session.renew(); // over HTTP
    await client.trips.list();
  }));

test('a refresh token that was used before ends the session, and the client', () =>
  Stage.set(async (stage) => {
    const { client, session, signedOut } = await stage.enter('rider');
    await client.trips.list();
    const { refresh } = session.tokens;
    await client.renew();
    await assert.rejects(refreshTokens(stage.service, refresh), { name: 'RefusedError', status: 401 });
    await signedOut.next('the end of the session');
    assert.equal(client.state, 'closed');
    await assert.rejects(session.access(), { name: 'SignedOutError' });
  }));

test('a log-out ends the client, wherever it is', () =>
  Stage.set(async (stage) => {
    const { client, session, signedOut } = await stage.enter('driver');
    await client.trips.list();
    await logOut(stage.service, session.tokens.access);
    await signedOut.next('the end of the session');
    assert.equal(client.state, 'closed');
  }));

test('a log-out while the client is away is noticed when it comes back', () =>
  Stage.set(async (stage) => {
    const proxy = await Proxy.to(() => stage.service.port);
    stage.closing(() => proxy.close());
    const { client, session, signedOut, states } = await stage.enter('driver', proxy.url);
    await client.trips.list();
    proxy.cut();
    await states.find((state) => state === 'waiting', 'the loss of the line');
    await logOut(stage.service, session.tokens.access);
    proxy.mend();
    await signedOut.next('the end of the session');
  }));
