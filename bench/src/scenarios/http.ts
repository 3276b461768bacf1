/** HTTP to one server in another process. */
import type { Poster } from '../contenders/http.js';
import { measure } from '../measure.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers } from '../senders.js';
import { start } from '../servers/start.js';

const sockets = 8;

function posting(name: string, about: string, count: number, size: number): Scenario {
  const run =
    (load: () => Promise<Poster>): Case['run'] =>
    async (effort) => {
      const [poster, server] = await Promise.all([load(), start('http')]);
      const events = numbers(count * effort.share);
      const ship = poster({ port: server.port, events, sockets, size });
      return measure({ events: events.length, ship, arrivals: server }, effort);
    };
  return {
    name,
    about,
    cases: [
      {
        name: 'undici in a plain loop',
        does: 'no timeout, no retry',
        reference: true,
        run: run(async () => (await import('../contenders/http.js')).bareUndici),
      },
      {
        name: 'loadBalance with httpConnection',
        does: 'timeout, retry, reconnecting, outcomes, statuses',
        run: run(async () => (await import('../contenders/http.js')).balanced),
      },
    ],
  };
}

export const https = [
  posting(
    'http 1 server, one event a request',
    `${sockets} sockets, open all the time, to a server in another process; bursts of 2,000 events.`,
    2_000,
    1,
  ),
  posting(
    'http, batches of 500',
    `${sockets} sockets, open all the time, to a server in another process; bursts of 100,000 events, as lines of JSON.`,
    100_000,
    500,
  ),
];
