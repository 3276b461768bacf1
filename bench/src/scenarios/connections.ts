/** Few connections and many: what an event costs must not depend on their number. */
import { Tally } from '../arrivals.js';
import { together } from '../feed.js';
import { measure } from '../measure.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers, promiseSender, sendersOf } from '../senders.js';

/** Cases over so many connections, of which all but the last may be down. */
const over = (name: string, count: number, othersAre: 'up' | 'down' = 'up'): Case => ({
  name,
  run: async (effort) => {
    const { connectionTo } = await import('../contenders/connectionsTo.js');
    const { balancedOver } = await import('../contenders/live/loadBalance.js');
    const arrivals = new Tally();
    const connections = sendersOf(count, promiseSender, arrivals).map((send, index) =>
      connectionTo(send, index, 1, index === count - 1 ? 'up' : othersAre),
    );
    const events = numbers(100_000 * effort.share);
    const ship = together(events, (settled) => balancedOver(connections, settled));
    return measure({ events: events.length, ship, arrivals }, effort);
  },
});

export const connections: Scenario = {
  name: 'connections',
  about:
    '`loadBalance` over so many connections with a window of 1, opened beforehand; bursts of 100,000 events from a Subject.',
  cases: [
    over('16', 16),
    over('256', 256),
    over('10,000', 10_000),
    over('1 alone', 1),
    over('255 of 256 down', 256, 'down'),
  ],
};
