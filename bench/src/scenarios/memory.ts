/** What is held in memory, after the garbage has been collected. */
import type { Connection, ConnectionInput, ConnectionState } from 'rxjs-load-balance';
import type { Effort } from '../measure.js';
import type { Measured } from '../results.js';
import type { Case, Scenario } from '../scenario.js';
import { numbers } from '../senders.js';

/** Bytes of the heap that are in use. Twice: what finalizers let go of is collected the second time. */
function heap(): number {
  const { gc } = globalThis;
  if (gc === undefined) {
    throw new Error('expected the process to have been started with --expose-gc');
  }
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

const figures = (found: Record<string, number>): Measured => ({ kind: 'figured', figures: found });

/** Events that wait because their only connection is down. Small integers need no memory of their own. */
async function queuedEvents({ share }: Effort): Promise<Measured> {
  const { BehaviorSubject, Subject } = await import('rxjs');
  const { loadBalance } = await import('rxjs-load-balance');
  const count = 1_000_000 * share;
  const state$ = new BehaviorSubject<ConnectionState>('down');
  const gone: Connection<number> = { name: 'gone', state$, send: () => Promise.resolve() };
  const event$ = new Subject<number>();
  let outcomes = 0;
  const subscription = event$.pipe(loadBalance([gone])).subscribe(() => outcomes++);
  const before = heap();
  for (let event = 0; event < count; event++) {
    event$.next(event);
  }
  const after = heap();
  // Whether they were all there shows when they are let go.
  state$.next('up');
  event$.complete();
  while (!subscription.closed) {
    await new Promise(setImmediate);
  }
  if (outcomes !== count) {
    throw new Error(`expected ${count} outcomes, got ${outcomes}`);
  }
  return figures({ bytes: (after - before) / count });
}

/** Connections that are open, without what the user made of them. */
async function openConnections({ share }: Effort): Promise<Measured> {
  const { BehaviorSubject, Subject } = await import('rxjs');
  const { loadBalance } = await import('rxjs-load-balance');
  const count = 10_000 * share;
  const functions = numbers(count).map((number) => () => Promise.resolve(number));
  const objects = functions.map((send, index): Connection<number> => ({
    name: `number ${index}`,
    state$: new BehaviorSubject<ConnectionState>('up'),
    send,
  }));
  const bytes = (given: readonly ConnectionInput<number>[]) => {
    const event$ = new Subject<number>();
    const before = heap();
    const subscription = event$.pipe(loadBalance(given)).subscribe();
    const after = heap();
    subscription.unsubscribe();
    return (after - before) / count;
  };
  // The first time, code is compiled as well.
  bytes(functions);
  bytes(objects);
  return figures({ 'bytes, of a function': bytes(functions), 'bytes, of an object': bytes(objects) });
}

/** A long run: after ten million events there must be no more than after one. */
async function longRun({ share }: Effort): Promise<Measured> {
  const { loadBalanceFrom } = await import('rxjs-load-balance');
  const senders = numbers(4).map(() => async (event: number) => event);
  function* upTo(count: number): Generator<number> {
    for (let event = 0; event < count; event++) {
      yield event;
    }
  }
  const ship = async (count: number) => {
    let outcomes = 0;
    await loadBalanceFrom(upTo(count), senders).forEach(() => {
      outcomes++;
    });
    if (outcomes !== count) {
      throw new Error(`expected ${count} outcomes, got ${outcomes}`);
    }
    return { heap: heap(), resident: process.memoryUsage.rss() };
  };
  const first = await ship(1_000_000 * share);
  const last = await ship(9_000_000 * share);
  return figures({
    'heap after 1,000,000, MB': first.heap / 1e6,
    'heap after 10,000,000, MB': last.heap / 1e6,
    'resident after 1,000,000, MB': first.resident / 1e6,
    'resident after 10,000,000, MB': last.resident / 1e6,
  });
}

/** Balancers that come and go. */
async function subscriptions({ share }: Effort): Promise<Measured> {
  const { Subject } = await import('rxjs');
  const { loadBalance } = await import('rxjs-load-balance');
  const senders = numbers(4).map(() => async (event: number) => event);
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) {
      const event$ = new Subject<number>();
      const subscription = event$.pipe(loadBalance(senders)).subscribe();
      for (const event of numbers(10)) {
        event$.next(event);
      }
      await new Promise(setImmediate);
      subscription.unsubscribe();
    }
    return heap();
  };
  // Until then code is still compiled, which takes memory as well.
  const before = await rounds(2_000 * share);
  const after = await rounds(1_000 * share);
  return figures({ 'bytes more, a round': (after - before) / (1_000 * share) });
}

const one = (name: string, run: Case['run']): Case => ({ name, run });

export const memory: Scenario = {
  name: 'memory',
  about:
    'A million events that wait; 10,000 open connections; ten million events through `loadBalanceFrom`; a thousand rounds of subscribing and unsubscribing.',
  cases: [
    one('a queued event', queuedEvents),
    one('a connection', openConnections),
    one('10,000,000 events', longRun),
    one('1,000 subscriptions', subscriptions),
  ],
};
