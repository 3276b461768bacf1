/** A hundred thousand sends that are never answered: whether their timeouts are right, and what they need. */
import type { Connection } from 'rxjs-load-balance';
import type { Effort } from '../measure.js';
import type { Measured } from '../results.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers } from '../senders.js';

const [connections, window] = [10, 10_000];

async function timeOut(limit: number, { share }: Effort): Promise<Measured> {
  const { BehaviorSubject, from } = await import('rxjs');
  const { loadBalance } = await import('rxjs-load-balance');
  const events = numbers(connections * window * share);
  const started = new Float64Array(events.length);
  const late = new Float64Array(events.length);
  const never = new Promise<never>(() => undefined);
  const send = (event: number) => {
    started[event] = performance.now();
    return never;
  };
  const silent = Array.from({ length: connections }, (_, index): Connection<number> => {
    return { name: `silent ${index}`, state$: new BehaviorSubject('up' as const), window, send };
  });

  // Looks at timers now and then, with one of its own.
  let [inFlight, afterwards] = [0, 0];
  const timersNow = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const others = timersNow() + 1;
  const look = () => {
    const timers = timersNow() - others;
    if (outcomes === 0) {
      inFlight = Math.max(inFlight, timers);
    } else {
      afterwards = Math.max(afterwards, timers);
    }
  };
  const watch = setInterval(look, 10);

  let outcomes = 0;
  await from(events)
    .pipe(loadBalance(silent, { maxAttempts: 1, timeout: { send: limit } }))
    .forEach((outcome) => {
      if (outcome.status !== 'dropped' || outcome.reason !== 'attempts') {
        throw new Error(`expected every event to have used its attempt, got ${outcome.status}`);
      }
      late[outcome.event] = performance.now() - started[outcome.event] - limit;
      if (++outcomes % (events.length / 10) === 0) {
        look();
      }
    });
  clearInterval(watch);
  if (outcomes !== events.length) {
    throw new Error(`expected ${events.length} outcomes, got ${outcomes}`);
  }

  late.sort();
  return {
    kind: 'figured',
    figures: {
      // The clock of timers, and of the balancer, has whole milliseconds.
      'outcomes that came early': late.filter((each) => each <= -1).length,
      'earliest outcome, ms late': late[0],
      'latest outcome, ms late': late[late.length - 1],
      'timers alive, all in flight': inFlight,
      'timers alive, connections waiting to be opened again': afterwards,
      'for comparison: sending them all, ms': started[started.length - 1] - started[0],
    },
  };
}

const timesOutAfter = (limit: number): Case => ({
  name: `${limit.toLocaleString('en')} ms`,
  run: (effort) => timeOut(limit, effort),
});

export const timeouts: Scenario = {
  name: 'timeouts',
  about:
    '100,000 sends at once over 10 connections with a window of 10,000, none of which is ever answered, with `timeout.send` of so many milliseconds. Early means by a millisecond or more.',
  cases: [timesOutAfter(500), timesOutAfter(2_000)],
};
