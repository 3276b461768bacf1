/** The ways to leave a balancer. Each begins one, waits until the connection is where it is to be, and leaves. */
import { concat, from, NEVER, tap, Subject, merge, type Observable } from 'rxjs';
import { eachOutcomeFrom, loadBalance, LoadBalancer, loadBalanceFrom, type Outcome } from 'rxjs-load-balance';
import { messageOf, type Books } from './books.js';
import { EndlessSupply } from './endlessSupply.js';
import { scout, type Stage } from './stage.js';
import { until } from '../../until.js';

/** All that it takes. */
export interface Leaving {
  readonly stage: Stage;
  readonly books: Books;
  /** Resolves when the connection is in its phase. */
  readonly reached: () => Promise<void>;
}

const events = [1, 2, 3];

/** How long what is outstanding has, where it has time and its phase asks for no more, in milliseconds. */
const drainTimeout = 50;

/** The events, and then silence. */
const open$ = (books: Books): Observable<number> =>
  concat(from(events), NEVER).pipe(tap((event) => books.enter(event)));

/** Waits for the end of the output. */
const ended = (books: Books): Promise<void> => until('the end', () => books.end !== undefined);

/** Reads outcomes until there are no more. */
async function read(outcomes: AsyncGenerator<Outcome<number>, void>, books: Books): Promise<void> {
  try {
    for (let result = await outcomes.next(); result.done !== true; result = await outcomes.next()) {
      books.took(result.value);
    }
    books.ended('completed');
  } catch (error) {
    books.ended(messageOf(error));
  }
}

/** A balancer that is told its events one by one, and told to stop. */
async function published(
  { stage, books, reached }: Leaving,
  stop: (balancer: LoadBalancer<number, unknown>) => Promise<void>,
): Promise<void> {
  const balancer = new LoadBalancer(stage.connections(), { drainTimeout, ...stage.options });
  const told = events.map((event) =>
    balancer.publish(books.enter(event)).then((outcome) => {
      books.took(outcome);
    }),
  );
  await reached();
  await stop(balancer);
  await Promise.all(told);
  const late = await balancer.publish(0);
  books.ended(late.status === 'dropped' ? late.reason : late.status);
}

/** By name. Those that end with an outcome for each event are in the second half. */
export const ways: Readonly<Record<string, (leaving: Leaving) => Promise<void>>> = {
  unsubscribe: async ({ stage, books, reached }) => {
    const leaving = books.follow(open$(books).pipe(loadBalance(stage.connections(), stage.options)));
    await reached();
    leaving.unsubscribe();
    books.left = true;
  },

  'unsubscribe from an iterable': async ({ stage, books, reached }) => {
    const supply = new EndlessSupply(events, books);
    const leaving = books.follow(loadBalanceFrom(supply, stage.connections(), stage.options));
    await reached();
    leaving.unsubscribe();
    books.left = true;
    supply.expectReturned();
  },

  break: async ({ stage, books, reached }) => {
    const supply = new EndlessSupply([0, ...events], books);
    try {
      for await (const outcome of eachOutcomeFrom(supply, stage.connections([scout()]), stage.options)) {
        books.took(outcome);
        await reached();
        break;
      }
    } catch (error) {
      books.ended(messageOf(error));
    }
    books.left = true;
    supply.expectReturned();
  },

  throw: async ({ stage, books, reached }) => {
    const supply = new EndlessSupply([0, ...events], books);
    try {
      for await (const outcome of eachOutcomeFrom(supply, stage.connections([scout()]), stage.options)) {
        books.took(outcome);
        await reached();
        throw new Error('enough');
      }
    } catch (error) {
      books.ended(messageOf(error));
    }
    books.left = true;
    supply.expectReturned();
  },

  'return while next is pending': async ({ stage, books, reached }) => {
    const supply = new EndlessSupply(events, books);
    const outcomes = eachOutcomeFrom(supply, stage.connections(), stage.options);
    const reading = read(outcomes, books);
    await reached();
    await outcomes.return();
    supply.expectReturned();
    await reading;
  },

  'throw while next is pending': async ({ stage, books, reached }) => {
    const supply = new EndlessSupply(events, books);
    const outcomes = eachOutcomeFrom(supply, stage.connections(), stage.options);
    const reading = read(outcomes, books);
    await reached();
    await outcomes.throw(new Error('enough')).catch(() => undefined);
    supply.expectReturned();
    await reading;
  },

  signal: async ({ stage, books, reached }) => {
    const supply = new EndlessSupply(events, books);
    const { signal, abort } = aborter();
    const reading = read(eachOutcomeFrom(supply, stage.connections(), { ...stage.options, signal }), books);
    await reached();
    abort();
    await reading;
    supply.expectReturned();
  },

  closeOn: async ({ stage, books, reached }) => {
    const { signal, abort } = aborter();
    const options = { ...stage.options, closeOn: signal };
    books.follow(open$(books).pipe(loadBalance(stage.connections(), options)));
    await reached();
    abort();
    await ended(books);
  },

  'closeOn of an iteration': async ({ stage, books, reached }) => {
    const supply = new EndlessSupply(events, books);
    const { signal, abort } = aborter();
    const reading = read(
      eachOutcomeFrom(supply, stage.connections(), { ...stage.options, closeOn: signal }),
      books,
    );
    await reached();
    abort();
    await reading;
    supply.expectReturned();
  },

  drainTimeout: async ({ stage, books, reached }) => {
    const end$ = new Subject<number>();
    const source$ = merge(from(events), end$).pipe(tap((event) => books.enter(event)));
    books.follow(source$.pipe(loadBalance(stage.connections(), { drainTimeout, ...stage.options })));
    await reached();
    end$.complete();
    await ended(books);
  },

  'an error of the source': async ({ stage, books, reached }) => {
    const end$ = new Subject<number>();
    const source$ = merge(from(events), end$).pipe(tap((event) => books.enter(event)));
    books.follow(source$.pipe(loadBalance(stage.connections(), { drainTimeout, ...stage.options })));
    await reached();
    end$.error(new Error('the source broke'));
    await ended(books);
  },

  close: (leaving) => published(leaving, (balancer) => balancer.close()),

  drain: (leaving) => published(leaving, (balancer) => balancer.drain()),

  // What `await using` does at the end of its block.
  dispose: (leaving) => published(leaving, (balancer) => balancer[Symbol.asyncDispose]()),
};

function aborter() {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort(new Error('enough'));
    },
  };
}
