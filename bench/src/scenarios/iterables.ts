/** Events from an iterable, or an async one, that is read as fast as connections take them. */
import { Tally } from '../arrivals.js';
import { contest, type Rules } from '../contest.js';
import { balanced, entry } from '../entries.js';
import { measure } from '../measure.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers, promiseSender } from '../senders.js';

const rules: Rules<Promise<unknown>> = {
  events: 10_000,
  connections: 4,
  window: 1,
  sender: () => Promise.resolve(promiseSender),
};

/** The loop by itself: what it reads counts as arrived. */
const bareLoop: Case = {
  name: 'for await, nothing sent',
  does: 'reads',
  reference: true,
  run: async (effort) => {
    const { generated } = await import('../contenders/iterables.js');
    const arrivals = new Tally();
    const events = numbers(rules.events * effort.share);
    const ship = async () => {
      let read = 0;
      for await (const event of generated(events)) {
        arrivals.add(event);
        read++;
      }
      return read;
    };
    return measure({ events: events.length, ship, arrivals }, effort);
  },
};

const sending = contest(
  'async iterable 4x1',
  '4 connections with a window of 1; 10,000 events from an async generator.',
  rules,
  [
    {
      name: 'for await, one send at a time',
      does: 'sends, one at a time',
      load: async () => (await import('../contenders/iterables.js')).oneSendAtATime,
    },
    {
      name: 'loadBalanceFrom',
      does: 'timeout, retry, reconnecting, outcomes',
      load: async () => (await import('../contenders/iterables.js')).fromGenerator,
    },
    {
      name: 'eachOutcomeFrom',
      does: 'the same, with back-pressure from the reader',
      load: async () => (await import('../contenders/iterables.js')).eachOfGenerator,
    },
  ],
);

const fromGenerators: Scenario = { ...sending, cases: [bareLoop, ...sending.cases] };

export const iterables = [
  contest('iterable 4x1', '4 connections with a window of 1; 10,000 events from an array.', rules, [
    entry('plain loop'),
    balanced,
    {
      name: 'loadBalanceFrom',
      does: 'timeout, retry, reconnecting, outcomes',
      load: async () => (await import('../contenders/iterables.js')).fromArray,
    },
    {
      name: 'eachOutcomeFrom',
      does: 'the same, with back-pressure from the reader',
      load: async () => (await import('../contenders/iterables.js')).eachOfArray,
    },
  ]),
  fromGenerators,
];
