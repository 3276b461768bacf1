/** Real sockets: lines over TCP to a server in another process. */
import { entry, balanced, mergedWithTimeoutAndRetry } from '../entries.js';
import type { Entry } from '../contest.js';
import { measure } from '../measure.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers } from '../senders.js';
import { lineSender } from '../servers/lineSender.js';
import { start } from '../servers/start.js';

const overSockets = ({ load, ...described }: Entry<Promise<unknown>>): Case => ({
  ...described,
  run: async (effort) => {
    const [contender, server] = await Promise.all([load(), start('lines')]);
    const senders = await Promise.all(Array.from({ length: 4 }, () => lineSender(server.port)));
    const events = numbers(10_000 * effort.share);
    const ship = () => contender({ events, senders, window: 8, attempts: 3 });
    return measure({ events: events.length, ship, arrivals: server }, effort);
  },
});

export const loopback: Scenario = {
  name: 'loopback 4x8',
  about:
    '4 sockets with a window of 8 to a server in another process; each send writes a line and resolves with its answer; bursts of 10,000 events.',
  cases: [entry('plain loop'), balanced, mergedWithTimeoutAndRetry, entry('p-queue + timeout')].map(
    overSockets,
  ),
};
