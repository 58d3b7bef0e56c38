/** A service whose answers the test writes itself. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

import type { Tokens } from '../../src/index.js';
import { Inbox, within } from './deadline.js';

/** A request from a client, without its envelope. */
export interface Asked {
  stream: string;
  action: string;
  request_id: string;
  pk?: unknown;
  data?: unknown;
  [field: string]: unknown;
}

/** One connection of a client. */
export class Connection {
  readonly asked = new Inbox<Asked>();
  readonly gone: Promise<void>;

  constructor(
    readonly socket: WebSocket,
    readonly token: string,
  ) {
    socket.on('message', (bytes) => {
      const { stream, payload } = JSON.parse(String(bytes)) as { stream: string; payload: Asked };
      this.asked.put({ ...payload, stream });
    });
    this.gone = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  /** The next request, which must have that action. */
  async request(action: string): Promise<Asked> {
    const asked = await this.asked.next(action);
    if (asked.action !== action) throw new Error(`${action} was expected, not ${JSON.stringify(asked)}`);
    return asked;
  }

  answer({ stream, action, request_id }: Asked, data: unknown, response_status = 200, errors: unknown[] = []): void {
    this.socket.send(JSON.stringify({ stream, payload: { errors, data, action, response_status, request_id } }));
  }

  /** Sends a frame that belongs to an earlier request. */
  tell(asked: Asked, action: string, data: unknown, status = 200): void {
    this.answer({ ...asked, action }, data, status);
  }
}

export class FakeService {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly connections = new Inbox<Connection>();
  /** The refresh tokens that came over HTTP. */
  readonly refreshes = new Inbox<string>();
  /** The tokens that the next refresh over HTTP gives; null refuses it. */
  tokens: Tokens | null = null;
  /** Whether a token is accepted. */
  takes: (token: string) => boolean = () => true;

  private constructor() {
    this.#server = createServer((request, response) => void this.#respond(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      const token = new URL(request.url ?? '', 'http://x').searchParams.get('token') ?? '';
      if (!this.takes(token)) return socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
      this.#sockets.handleUpgrade(request, socket, head, (open) => this.connections.put(new Connection(open, token)));
    });
  }

  static async start(): Promise<FakeService> {
    const service = new FakeService();
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections.all) socket.terminate();
    await within(new Promise((resolve) => this.#server.close(resolve)), 'the end of the fake');
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request) body += String(part);
    if (request.url === '/api/token/refresh/') {
      this.refreshes.put((JSON.parse(body) as { refresh: string }).refresh);
      return this.#json(response, this.tokens);
    }
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    this.#json(response, this.takes(token) ? { unread: 0, results: [] } : null);
  }

  #json(response: ServerResponse, data: object | null): void {
    const problem = { type: '/problems/not-authenticated', title: '', status: 401, detail: 'no', code: 'not-authenticated', errors: {} };
    response.writeHead(data ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(data ?? problem));
  }
}

/** Tokens with that name. The access token expires in that many seconds. */
export function tokens(name: string, seconds = 3600): Tokens {
  const now = Math.floor(Date.now() / 1000);
  const claims = Buffer.from(JSON.stringify({ iat: now - 3600, exp: now + seconds, name })).toString('base64url');
  return { access: `e30.${claims}.${name}`, refresh: `refresh-${name}` };
}
