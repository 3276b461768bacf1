/** Clients that call back, as libbeat's asynchronous ones do. */
import { Tally } from '../arrivals.js';
import { measure } from '../measure.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers } from '../senders.js';
import type { Client, Publisher } from '../contenders/callbacks.js';

/** Answers when the current work is over. */
const clientInto = (tally: Tally): Client => ({
  publish: (event, done) => {
    tally.add(event);
    queueMicrotask(done);
  },
});

function callbacks(window: number): Scenario {
  const run =
    (load: () => Promise<Publisher>): Case['run'] =>
    async (effort) => {
      const publisher = await load();
      const arrivals = new Tally();
      const clients = Array.from({ length: 4 }, () => clientInto(arrivals));
      const events = numbers(10_000 * effort.share);
      return measure(
        { events: events.length, ship: () => publisher({ events, clients, window }), arrivals },
        effort,
      );
    };
  return {
    name: `callback 4x${window}`,
    about: `4 clients with a window of ${window}; each calls back in a microtask; bursts of 10,000 events.`,
    cases: [
      {
        name: 'loadBalance with asyncConnection',
        does: 'timeout, retry, reconnecting, outcomes',
        run: run(async () => (await import('../contenders/callbacks.js')).balanced),
      },
      {
        name: 'fastq',
        does: 'no timeout, no retry',
        reference: true,
        run: run(async () => (await import('../contenders/callbacks.js')).queued),
      },
    ],
  };
}

export const callbackClients = [callbacks(1), callbacks(8)];
