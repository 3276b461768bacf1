/** Wide windows, all of them taken, and then left: one balancer is closed, the other one unsubscribed. */
import { concat, NEVER, range } from 'rxjs';
import { loadBalance } from 'rxjs-load-balance';
import { httpConnection } from 'rxjs-load-balance/http';
import { Books } from './books.js';
import { confirmed, noTimers, nothingLeft, over } from './witness.js';

const [, , url = ''] = process.argv;
const window = 100;
const closing = new AbortController();

const balancers = [{ closeOn: closing.signal }, {}].map((options) => {
  const connections = [1, 2, 3].map(() => httpConnection<number>(url, { window }));
  const books = new Books();
  const event$ = concat(range(0, 3 * window), NEVER);
  return { books, subscription: books.follow(event$.pipe(loadBalance(connections, options))) };
});
await confirmed('all are waiting');

closing.abort();
for (const { books, subscription } of balancers) {
  subscription.unsubscribe();
  books.left = true;
}
await noTimers();
await nothingLeft();
for (const { books } of balancers) {
  console.log(books.toString());
}
over();
