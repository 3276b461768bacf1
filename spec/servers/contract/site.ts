/** Where the contract is tried: two servers of a subject, and an address at which nobody answers. */
import { BlackHole } from '../../connections/blackHole.js';
import type { ContractServer, ContractSubject } from './subject.js';

/** The servers of a `describe`. */
export class Site {
  #one: ContractServer | undefined;
  #other: ContractServer | undefined;
  #hole: BlackHole | undefined;
  readonly #gone = new Set<ContractServer>();

  /** @param subject Says what kind of server. */
  constructor(readonly subject: ContractSubject) {}

  /** The server to which things happen. */
  get one(): ContractServer {
    return present(this.#one);
  }

  /** The server to which nothing happens. */
  get other(): ContractServer {
    return present(this.#other);
  }

  /** A port of 127.0.0.1 that neither accepts nor refuses. */
  get blackHole(): number {
    return present(this.#hole).port;
  }

  /** Starts all of it. */
  async open(): Promise<void> {
    // First one by itself: where the program is missing, that is said once.
    this.#one = await this.subject.startServer();
    this.#other = await this.subject.startServer();
    this.#hole = await BlackHole.start();
  }

  /** Kills the one server. */
  async kill(): Promise<void> {
    this.#gone.add(this.one);
    await this.one.kill();
  }

  /** Starts it again. */
  async restart(): Promise<void> {
    this.#gone.delete(this.one);
    await this.one.start();
  }

  /** Makes good what has happened to the servers. */
  async restore(): Promise<void> {
    for (const server of [this.#one, this.#other]) {
      server?.thaw();
    }
    if (this.#gone.size > 0) {
      await this.restart();
    }
  }

  /** Ends all of it. */
  async close(): Promise<void> {
    this.#hole?.close();
    await this.#one?.stop();
    await this.#other?.stop();
  }
}

function present<V>(value: V | undefined): V {
  if (value === undefined) {
    throw new Error('the servers are not started yet');
  }
  return value;
}
