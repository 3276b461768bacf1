/** cockatiel: a bulkhead as the queue, with a retry and a timeout inside. */
import { bulkhead, ConstantBackoff, handleAll, retry, timeout, TimeoutStrategy, wrap } from 'cockatiel';
import { sendTimeout, type Contender } from '../work.js';
import { roundRobin } from './roundRobin.js';

export const wrapped: Contender = async ({ events, senders, window, attempts }) => {
  const send = roundRobin(senders);
  const policy = wrap(
    bulkhead(senders.length * window, Infinity),
    // Here, `maxAttempts` does not count the first.
    retry(handleAll, { maxAttempts: attempts - 1, backoff: new ConstantBackoff(0) }),
    // The senders know no signal: the other strategy would wait for them for ever. Without `abortOnReturn`
    // it is a little faster.
    timeout(sendTimeout, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false }),
  );
  const answers = await Promise.all(events.map((event) => policy.execute(() => send(event))));
  return answers.length;
};
