/** Sends of which some fail: busy for a moment, to be tried again at once. */
import { contest } from '../contest.js';
import { balanced, entry, mergedWithTimeoutAndRetry } from '../entries.js';
import { promiseSender, type MakeSender } from '../senders.js';

type Failure = () => never;

/** Of all calls of all senders, every so-maniest fails, as real ones do: after it has returned its promise. */
function failingSender(every: number, fail: Failure): MakeSender<Promise<number>> {
  const later = Promise.resolve();
  let calls = 0;
  return (tally) => {
    const accept = promiseSender(tally);
    return (event) => (++calls % every === 0 ? later.then(fail) : accept(event));
  };
}

/** To make an error takes V8 longer than all contenders need for an event: here one serves for all. */
async function oneError(): Promise<Failure> {
  const { TemporaryError } = await import('rxjs-load-balance');
  const error = new TemporaryError('busy', { retryAfter: 0 });
  return () => {
    throw error;
  };
}

async function newErrors(): Promise<Failure> {
  const { TemporaryError } = await import('rxjs-load-balance');
  return () => {
    throw new TemporaryError('busy', { retryAfter: 0 });
  };
}

const failing = (
  name: string,
  percent: number,
  withWhat = 'with an error made beforehand',
  failure: () => Promise<Failure> = oneError,
) =>
  contest(
    `failing ${name}`,
    `4 connections with a window of 1; ${percent} % of the sends reject ${withWhat}; bursts of 10,000 events; up to 10 attempts.`,
    {
      events: 10_000,
      connections: 4,
      window: 1,
      attempts: 10,
      sender: async () => failingSender(100 / percent, await failure()),
    },
    [
      {
        name: 'plain loop + retry',
        does: 'retry: the limit',
        reference: true,
        load: async () => (await import('../contenders/plainLoopWithRetry.js')).plainLoopWithRetry,
      },
      balanced,
      entry('mergeMap + retry'),
      mergedWithTimeoutAndRetry,
      entry('async.queue + retry + timeout'),
    ],
  );

export const failures = [
  failing('0 %', 0),
  failing('1 %', 1),
  failing('10 %', 10),
  failing('10 %, new errors', 10, 'with a new error each', newErrors),
];
