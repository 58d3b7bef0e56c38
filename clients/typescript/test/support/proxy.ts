/** A proxy before the service whose connections can be cut. */

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { within } from './deadline.js';

export class Proxy {
  readonly #server: Server;
  #sockets = new Set<Socket>();
  #cut = false;

  private constructor(upstream: () => number) {
    this.#server = createServer((near) => {
      if (this.#cut) return near.destroy();
      const far = connect(upstream(), '127.0.0.1');
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  /** A proxy before that port of this machine. */
  static async to(upstream: () => number): Promise<Proxy> {
    const proxy = new Proxy(upstream);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets all connections, and new ones until `mend`. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#cut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await within(once(this.#server, 'close'), 'the end of the proxy');
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
