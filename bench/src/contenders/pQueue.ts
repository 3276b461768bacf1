/** p-queue: functions in, promises out, with an optional timeout; no retry. */
import PQueue from 'p-queue';
import { sendTimeout, type Contender } from '../work.js';
import { roundRobin } from './roundRobin.js';

const queued =
  (options: { timeout?: number }): Contender =>
  async ({ events, senders, window }) => {
    const send = roundRobin(senders);
    const queue = new PQueue({ concurrency: senders.length * window, ...options });
    const answers = await queue.addAll(events.map((event) => () => send(event)));
    return answers.length;
  };

export const withoutTimeout = queued({});

export const withTimeout = queued({ timeout: sendTimeout });
