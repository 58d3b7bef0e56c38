/** The real service, started from the program that CABRANK_BINARY names. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { within } from './deadline.js';

const LISTENS = /^listening on (http:\/\/127\.0\.0\.1:(\d+))$/;

/** The program's path, or an error that says how to set it. */
function binary(): string {
  const path = process.env['CABRANK_BINARY'];
  if (!path) throw new Error('these tests need the service: set CABRANK_BINARY to its program, such as target/release/cabrank');
  return path;
}

/** No settings but the test's own, and the database if one is given. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CABRANK_')));
}

export class Service {
  readonly #dir = mkdtempSync(join(tmpdir(), 'cabrank-'));
  #port = 0;
  #process: ChildProcess | null = null;
  #said = '';

  private constructor(private readonly town: object | null) {}

  /** Starts the service, with a town file if given. */
  static async start(town: object | null = null): Promise<Service> {
    const service = new Service(town);
    await service.start();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts it again, on the same port and data. */
  async start(): Promise<void> {
    const listen = `127.0.0.1:${this.#port}`;
    const args = ['serve', '--listen', listen, '--data-dir', this.#dir, '--limits', 'off', ...this.#townFile()];
    const child = spawn(binary(), args, {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    child.stderr.on('data', (bytes) => (this.#said = (this.#said + String(bytes)).slice(-10_000)));
    const first = new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once('line', resolve);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}:\n${this.#said}`)));
    });
    const line = await within(first, 'the service to listen');
    const port = LISTENS.exec(line)?.[2];
    if (!port) throw new Error(`the first line of \`cabrank serve\` is not 'listening on http://127.0.0.1:PORT' but '${line}'`);
    this.#port = Number(port);
  }

  #townFile(): string[] {
    if (!this.town) return [];
    const file = join(this.#dir, 'town.json');
    writeFileSync(file, JSON.stringify(this.town));
    return ['--town', file];
  }

  /** Ends it as a process manager does, or at once. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await within(ended, `the end of the service after ${signal}`, 40_000);
  }

  async restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** Runs a command on the same data, with a line to read. */
  async command(args: string[], line: string): Promise<void> {
    const child = spawn(binary(), [...args, '--data-dir', this.#dir], { env: environment(), stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (bytes) => (said += String(bytes)));
    child.stdin.end(`${line}\n`);
    const [code] = (await within(once(child, 'exit'), `cabrank ${args.join(' ')}`)) as [number | null];
    if (code !== 0) throw new Error(`cabrank ${args.join(' ')} ended with ${code}: ${said}`);
  }

  /** Ends it and deletes its data. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
