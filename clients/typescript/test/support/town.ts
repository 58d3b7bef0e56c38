/** A client of the fake service, and what it received. */

import { WebSocket } from 'ws';

import { Client, Session, type ClientOptions, type LineState, type Tokens } from '../../src/index.js';
import { Inbox } from './deadline.js';
import { FakeService, tokens, type Connection } from './fake.js';

export interface Town {
  service: FakeService;
  client: Client;
  session: Session;
  errors: Inbox<unknown>;
  states: Inbox<LineState>;
  signedOut: Inbox<null>;
  /** The session's new tokens. */
  renewed: Inbox<Tokens>;
}

/** Runs a test with a client that is not connected yet; closes both afterwards. */
export async function withTown(
  test: (town: Town) => Promise<void>,
  options: Partial<ClientOptions> = {},
  first: Tokens = tokens('first'),
): Promise<void> {
  const service = await FakeService.start();
  const renewed = new Inbox<Tokens>();
  const session = new Session({ url: service.url, tokens: first, onTokens: (tokens) => renewed.put(tokens) });
  const errors = new Inbox<unknown>();
  const states = new Inbox<LineState>();
  const signedOut = new Inbox<null>();
  const client = new Client({
    session,
    WebSocket,
    backoff: { base: 1, cap: 1 },
    onError: (error) => errors.put(error),
    onState: (state) => states.put(state),
    onSignedOut: () => signedOut.put(null),
    ...options,
  });
  try {
    await test({ service, client, session, errors, states, signedOut, renewed });
  } finally {
    client.close();
    await service.stop();
  }
}

/** Connects the client. */
export async function connected({ service, client }: Town): Promise<Connection> {
  client.connect();
  return service.connections.next('a connection');
}
