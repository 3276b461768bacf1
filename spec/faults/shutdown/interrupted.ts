/** Programs under load that Ctrl-C stops, each in its own way. */
import { fromEvent, Observable, takeUntil, tap } from 'rxjs';
import { eachOutcomeFrom, loadBalance, LoadBalancer, loadBalanceFrom, type Outcome } from 'rxjs-load-balance';
import { httpConnection, ndjson } from 'rxjs-load-balance/http';
import { Books } from './books.js';
import { noTimers, nothingLeft, over } from './witness.js';

const [, , way = '', ...urls] = process.argv;

/** So many outcomes are a load. */
const load = 300;

const connections = urls.map((url) => httpConnection<number>(url, { format: ndjson() }));
const interruption = new AbortController();
process.once('SIGINT', () => {
  interruption.abort(new Error('Ctrl-C'));
});
const { signal } = interruption;

const books = new Books();
const delivered: number[] = [];

function took(outcome: Outcome<number>): void {
  books.took(outcome);
  if (outcome.status === 'delivered') {
    delivered.push(outcome.event);
  }
  if (books.outcomes === load) {
    console.log('under load');
  }
}

/** Whoever reads it decides how fast. */
function* numbers(): Generator<number> {
  while (!signal.aborted) {
    yield books.enter(books.entered);
  }
}

/** A hundred at a time, faster than anybody takes them. */
const flood$ = new Observable<number>((subscriber) => {
  let more: NodeJS.Immediate;
  const emit = (): void => {
    for (let count = 0; count < 100 && !subscriber.closed; count++) {
      subscriber.next(books.enter(books.entered));
    }
    more = setImmediate(emit);
  };
  more = setImmediate(emit);
  return () => {
    clearImmediate(more);
  };
});

function follow(outcome$: Observable<Outcome<number>>): Promise<void> {
  return new Promise((resolve) => {
    outcome$.pipe(tap(took)).subscribe({
      error: (error: unknown) => {
        books.ended(String(error));
        resolve();
      },
      complete: () => {
        books.ended('completed');
        resolve();
      },
    });
  });
}

const ways: Readonly<Record<string, () => Promise<void>>> = {
  'close an iterable': () => follow(loadBalanceFrom(numbers(), connections, { closeOn: signal })),

  'end an iterable': () => follow(loadBalanceFrom(numbers(), connections, { drainTimeout: 500 })),

  'close a flood': () =>
    follow(flood$.pipe(loadBalance(connections, { closeOn: signal, queue: { capacity: 1_000 } }))),

  'end a flood': () => {
    const ending$ = flood$.pipe(takeUntil(fromEvent(signal as unknown as EventTarget, 'abort')));
    return follow(ending$.pipe(loadBalance(connections, { drainTimeout: 500, queue: { capacity: 1_000 } })));
  },

  'abort an iteration': async () => {
    for await (const outcome of eachOutcomeFrom(numbers(), connections, { signal })) {
      took(outcome);
    }
    books.ended('completed');
  },

  'break out of an iteration': async () => {
    for await (const outcome of eachOutcomeFrom(numbers(), connections)) {
      took(outcome);
      if (signal.aborted) {
        break;
      }
    }
    books.ended('completed');
  },

  'close a balancer': async () => {
    const balancer = new LoadBalancer<number, void>(connections);
    const closed = new Promise((resolve) => {
      signal.onabort = () => {
        resolve(balancer.close());
      };
    });
    const told: Promise<void>[] = [];
    for (const number of numbers()) {
      told.push(balancer.publish(number).then(took));
      // Publishing is not all that it does.
      await new Promise(setImmediate);
    }
    await Promise.all([closed, ...told]);
    books.ended('completed');
  },
};

await ways[way]?.();
await noTimers();
await nothingLeft();
console.log(JSON.stringify({ entered: books.entered, account: books.toString(), delivered }));
over();
