/** A scenario of two: a client of its ecosystem by itself, and this package's connection around the same client. */
import type { Arrivals } from './arrivals.js';
import { measure, type Effort } from './measure.js';
import type { Case, Scenario } from './scenario.js';
import { numbers } from './senders.js';
import { start, type Server, type ServerName } from './servers/start.js';
import type { Shipper } from './shipping.js';

/** What both have in common, and how each is loaded. */
export interface Comparison extends Pick<Scenario, 'name' | 'about' | 'needs'> {
  /** The server, and what it is told. */
  readonly server: readonly [ServerName, ...string[]];
  readonly window: number;
  /** Events a send. Default: one. */
  readonly size?: number;
  /** What the bare client is called, and its shipper. */
  readonly bare: readonly [string, () => Promise<Shipper>];
  /** What our connection is called, and its shipper. */
  readonly ready: readonly [string, () => Promise<Shipper>];
}

/** In a burst; of such size that one burst is enough for a process, after the one that warms up. */
const count = 1_000_000;

/** The longest that what was handed to the kernel takes to arrive. Milliseconds. */
const patience = 10_000;

export function besideBare({
  name,
  about,
  needs,
  server,
  window,
  size = 1,
  bare,
  ready,
}: Comparison): Scenario {
  const run =
    (load: () => Promise<Shipper>): Case['run'] =>
    async (effort) => {
      const [shipper, arrivals] = await Promise.all([load(), start(...server)]);
      const events = numbers(count * effort.share);
      const ship = await shipper({ port: arrivals.port, events, window, size });
      return measure(
        { events: events.length, ship, arrivals: whenAllAreIn(arrivals, events.length) },
        oneBurst(effort),
      );
    };
  const [bareName, loadBare] = bare;
  const [readyName, loadReady] = ready;
  return {
    name,
    about,
    ...(needs === undefined ? {} : { needs }),
    cases: [
      { name: bareName, does: 'no timeout, no retry', reference: true, run: run(loadBare) },
      {
        name: `loadBalance with ${readyName}`,
        does: 'timeout, retry, reconnecting, outcomes',
        run: run(loadReady),
      },
    ],
  };
}

function oneBurst(effort: Effort): Effort {
  return { ...effort, atLeast: 1 };
}

/** What was only handed over may still be on its way when it is asked for. */
function whenAllAreIn(server: Server, expected: number): Arrivals {
  return {
    take: async () => {
      let [count, sum] = [0, 0];
      const end = Date.now() + patience;
      do {
        const more = await server.take();
        count += more.count;
        sum += more.sum;
      } while (count < expected && Date.now() < end);
      return { count, sum };
    },
  };
}
