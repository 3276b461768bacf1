/** The same connection and the same signal, used for one balancer after the other. */
import { getEventListeners } from 'node:events';
import { from, fromEvent, type Observable } from 'rxjs';
import { eachOutcomeFrom, loadBalance, LoadBalancer, loadBalanceFrom, type Outcome } from 'rxjs-load-balance';
import { httpConnection, ndjson } from 'rxjs-load-balance/http';
import { Books } from './books.js';
import { noTimers, nothingLeft, over } from './witness.js';

const [, , url = ''] = process.argv;

/** More than Node takes for a leak. */
const times = 30;

const events = [1, 2, 3];
const connections = [httpConnection<number>(url, { format: ndjson() })];
const { signal } = new AbortController();
/** Time that nobody needs. */
const drainTimeout = 60_000;

/** Keeps the books of one balancer to its end. */
function follow(books: Books, outcome$: Observable<Outcome<number>>): Promise<void> {
  return new Promise((resolve) => {
    books.follow(outcome$).add(resolve);
  });
}

const uses: readonly ((books: Books) => Promise<void>)[] = [
  (books) => follow(books, from(events).pipe(loadBalance(connections, { closeOn: signal, drainTimeout }))),

  (books) => follow(books, loadBalanceFrom(events, connections, { closeOn: signal, drainTimeout })),

  (books) => follow(books, loadBalanceFrom(events, connections, { closeOn: fromEvent(process, 'SIGINT') })),

  async (books) => {
    for await (const outcome of eachOutcomeFrom(events, connections, { signal, closeOn: signal })) {
      books.took(outcome);
    }
    books.ended('completed');
  },

  async (books) => {
    const balancer = new LoadBalancer<number, void>(connections, { closeOn: signal });
    for (const outcome of await balancer.publishAll(events)) {
      books.took(outcome);
    }
    await balancer.drain();
    books.ended('completed');
  },
];

for (let time = 0; time < times; time++) {
  for (const use of uses) {
    const books = new Books();
    await use(books);
    console.log(books.toString());
  }
}
await noTimers();
await nothingLeft();
const listeners = getEventListeners(signal, 'abort').length + process.listenerCount('SIGINT');
if (listeners > 0) {
  throw new Error(`${listeners} listeners are left`);
}
over();
