/** Everything that can be made and not used, or be over before it begins; and what is given up as it begins. */
import { from, NEVER } from 'rxjs';
import { eachOutcomeFrom, loadBalance, LoadBalancer, loadBalanceFrom } from 'rxjs-load-balance';
import { httpConnection, ndjson } from 'rxjs-load-balance/http';
import { Books, messageOf } from './books.js';
import { noTimers, nothingLeft, over } from './witness.js';

const [, , url = '', which = ''] = process.argv;

const make = () => [httpConnection(url), httpConnection(url, { format: ndjson(), batch: { size: 10 } })];
const aborted = AbortSignal.abort(new Error('too late'));
const events = [1, 2, 3];

type Uses = Readonly<Record<string, (books: Books) => unknown>>;

/** Nothing is opened. */
const unopened: Uses = {
  'an operator': () => NEVER.pipe(loadBalance(make())),
  'a stream': () => loadBalanceFrom(events, make()),
  'an iteration': () => eachOutcomeFrom(events, make()),

  'an iteration that is returned': async (books) => {
    const outcomes = eachOutcomeFrom(events, make());
    await outcomes.return();
    const { done } = await outcomes.next();
    books.ended(done === true ? 'completed' : 'goes on');
  },

  'an iteration that is thrown into': async (books) => {
    await eachOutcomeFrom(events, make())
      .throw(new Error('enough'))
      .catch((error: unknown) => {
        books.ended(messageOf(error));
      });
  },

  'an aborted signal': async (books) => {
    for await (const outcome of eachOutcomeFrom(events, make(), { signal: aborted })) {
      books.took(outcome);
    }
    books.ended('completed');
  },

  'an iteration that is closed already': async (books) => {
    for await (const outcome of eachOutcomeFrom(events, make(), { closeOn: aborted })) {
      books.took(outcome);
    }
    books.ended('completed');
  },

  'an operator that is closed already': (books) => {
    books.follow(from(events).pipe(loadBalance(make(), { closeOn: aborted })));
  },

  'a balancer that is closed already': async (books) => {
    const balancer = new LoadBalancer<number, unknown>(make(), { closeOn: aborted });
    books.took(await balancer.publish(1));
    await balancer.drain();
    books.ended('completed');
  },
};

/** What was opened is closed in the same turn. */
const leftAtOnce: Uses = {
  'a balancer that is closed at once': async (books) => {
    const balancer = new LoadBalancer<number, unknown>(make());
    const told = balancer.publishAll(events);
    await Promise.all([balancer.close(), balancer.close(), balancer.drain()]);
    for (const outcome of await told) {
      books.took(outcome);
    }
    books.ended('completed');
  },

  'a stream that is left at once': (books) => {
    books.follow(NEVER.pipe(loadBalance(make()))).unsubscribe();
  },
};

for (const [name, use] of Object.entries(which === 'left at once' ? leftAtOnce : unopened)) {
  const books = new Books();
  await use(books);
  await noTimers();
  await nothingLeft();
  console.log(`${name}: ${books.toString()}`);
}
over();
