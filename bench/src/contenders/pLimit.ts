/** p-limit: bounds how many calls run at once; no timeout and no retry. */
import pLimit from 'p-limit';
import type { Contender } from '../work.js';
import { roundRobin } from './roundRobin.js';

export const limited: Contender = async ({ events, senders, window }) => {
  const send = roundRobin(senders);
  const limit = pLimit(senders.length * window);
  // With arguments it needs no closure an event.
  const answers = await Promise.all(events.map((event) => limit(send, event)));
  return answers.length;
};
