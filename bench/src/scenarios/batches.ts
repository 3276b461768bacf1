/** Connections that take a hundred events in one send. */
import { Tally } from '../arrivals.js';
import { measure } from '../measure.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers } from '../senders.js';
import type { BatchContender } from '../contenders/batches.js';

const size = 100;

const batched = (
  described: Pick<Case, 'name' | 'does' | 'reference'>,
  load: () => Promise<BatchContender>,
): Case => ({
  ...described,
  run: async (effort) => {
    const contender = await load();
    const arrivals = new Tally();
    const senders = Array.from({ length: 4 }, () => async (batch: readonly number[]) => {
      for (const event of batch) {
        arrivals.add(event);
      }
    });
    const events = numbers(10_000 * effort.share);
    return measure(
      { events: events.length, ship: () => contender({ events, senders, size }), arrivals },
      effort,
    );
  },
});

export const batches: Scenario = {
  name: `batches of ${size}`,
  about:
    '4 connections with a window of 1; each send takes up to 100 events and returns a resolved promise; bursts of 10,000 events.',
  cases: [
    batched(
      { name: 'plain loop', does: 'nothing: the limit', reference: true },
      async () => (await import('../contenders/batches.js')).plainLoop,
    ),
    batched(
      { name: 'loadBalance', does: 'timeout, retry, reconnecting, outcomes' },
      async () => (await import('../contenders/batches.js')).balanced,
    ),
    batched(
      { name: 'loadBalanceFrom', does: 'the same, and reads no faster than it sends' },
      async () => (await import('../contenders/batches.js')).balancedFrom,
    ),
  ],
};
