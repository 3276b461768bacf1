/** What a case of the contract stands on: the servers, and connections to them, of one kind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { BatchLimits } from '../../../src/connections/settings.js';
import type { LoadBalanceOptions } from '../../../src/index.js';
import { unhandledErrors } from '../../badInput/unhandled.js';
import type { Closable } from '../../connections/closedAfterEach.js';
import { OpenConnection } from '../../connections/openConnection.js';
import type { Site } from './site.js';
import type { ContractOptions, ContractServer, ContractSubject } from './subject.js';
import { Traffic } from './traffic.js';

/** An event that cannot be written. */
export const unwritable = 'unwritable';

/** What can be said of a connection of a case; the rest is the same for all. */
export type Wanted = Partial<Pick<ContractOptions, 'name' | 'window' | 'port'>>;

/** A connection of the contract, of either kind. */
export type Connected = ReturnType<ContractSubject['connect']>;

/** Of single events, or of batches. */
export class Ground {
  readonly #things: Closable[] = [];
  /** Of the current case. mocha itself takes a rejection that nobody handles, and says nothing. */
  readonly #unhandled = unhandledErrors();

  /**
   * To be made within a `describe`.
   * @param site The servers.
   * @param batch How many events go into a send; without, one does.
   */
  constructor(
    readonly site: Site,
    readonly batch?: BatchLimits,
  ) {
    // Of a case that has failed.
    afterEach(() => this.end());
  }

  /** Defines a case. Its end is a part of it: no error may come to nobody, whenever that is. */
  it(title: string, body: () => Promise<void>): void {
    it(title, async () => {
      await body();
      await this.end();
      await sleep(2);
      expect(this.#unhandled, 'unhandled').to.deep.equal([]);
    });
  }

  /** Closes what a case has opened, the last first, and makes good what has happened to the servers. */
  async end(): Promise<void> {
    for (const thing of this.#things.splice(0).reverse()) {
      await thing.close();
    }
    await this.site.restore();
  }

  /** Makes a connection to the one server, called `one`. */
  one(wanted: Wanted = {}): Connected {
    return this.to(this.site.one, { name: 'one', ...wanted });
  }

  /** Makes a connection to the other server, called `other`. */
  other(wanted: Wanted = {}): Connected {
    return this.to(this.site.other, { name: 'other', ...wanted });
  }

  /** Makes a connection to a server. */
  to(server: ContractServer, wanted: Wanted): Connected {
    return this.site.subject.connect(server, this.optionsFor(wanted));
  }

  /** All that a subject has to be told. */
  optionsFor(wanted: Wanted): ContractOptions {
    const { batch } = this;
    return { name: 'one', encode: written, ...(batch === undefined ? {} : { batch }), ...wanted };
  }

  /** Opens a connection by hand. */
  open(connection: Connected): OpenConnection<string, unknown> {
    return this.keep(new OpenConnection(connection));
  }

  /** Puts a balancer over connections. */
  ship(connections: readonly Connected[], options: LoadBalanceOptions<string> = {}): Traffic {
    return this.keep(new Traffic(connections, options));
  }

  /** Sends an event by hand; rejects when it is not delivered. */
  async send(open: OpenConnection<string, unknown>, event: string): Promise<void> {
    if (this.batch === undefined) {
      await open.send(event);
      return;
    }
    for (const result of await open.sendAll([event])) {
      if (result.status === 'failed') {
        throw result.error;
      }
    }
  }

  /** How many events there must be for this many sends. */
  eventsFor(sends: number): number {
    return sends * (this.batch?.size ?? 1);
  }

  private keep<C extends Closable>(thing: C): C {
    this.#things.push(thing);
    return thing;
  }
}

function written(event: string): string {
  if (event === unwritable) {
    throw new Error('it has no form');
  }
  return event;
}
