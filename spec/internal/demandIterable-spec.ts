/** The protocol between the balancer and an iterable that fetches as many events as are wanted. */
import { expect } from 'chai';
import { BehaviorSubject, NEVER, Observable, Subject, type Subscriber } from 'rxjs';
import { useFakeTimers } from 'sinon';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import {
  isDelivered,
  loadBalanceFrom,
  TemporaryError,
  type Connection,
  type ConnectionInput,
  type ConnectionState,
  type LoadBalanceOptions,
} from '../../src/index.js';
import {
  DemandIterable,
  type Demand,
  type DemandIterator,
  type Failure,
} from '../../src/internal/demandIterable.js';

/** An iterable that gives what it is given, at once if it can, and writes down what it hears. */
class Well extends DemandIterable<string> {
  readonly heard: string[] = [];
  demand: Demand | undefined;
  private readonly end$ = new Subject<Failure | undefined>();
  private readonly stock: string[];
  private answer: ((result: IteratorResult<string, undefined>) => void) | undefined;

  constructor(stock = '') {
    super();
    this.stock = Array.from(stock);
  }

  get ended$(): Observable<Failure | undefined> {
    return this.end$;
  }

  /** Whether somebody waits for an event. */
  get isAsked(): boolean {
    return this.answer !== undefined;
  }

  iterate(demand: Demand): DemandIterator<string> {
    this.demand = demand;
    return {
      next: () => {
        this.heard.push(`next ${demand.vacancies}`);
        const value = this.stock.shift();
        return value === undefined
          ? new Promise((resolve) => {
              this.answer = resolve;
            })
          : { done: false, value };
      },
      askAgain: () => this.heard.push(`again ${demand.vacancies}`),
      return: () => this.heard.push('return'),
    };
  }

  [Symbol.asyncIterator](): never {
    throw new Error('the balancer knows better');
  }

  /** Gives events: the first to who waits, the others at once when they are asked for. */
  async give(events: string): Promise<void> {
    const [first = '', ...others] = Array.from(events);
    this.stock.push(...others);
    this.answer?.({ done: false, value: first });
    this.answer = undefined;
    await settled();
  }

  /** Ends, for who waits and for who does not. */
  async end(failure?: Failure): Promise<void> {
    this.end$.next(failure);
    this.answer?.({ done: true, value: undefined });
    this.answer = undefined;
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

/** A connection whose states and answers are given by hand. */
class Place implements Connection<string, string> {
  readonly sent: string[] = [];
  private readonly states$ = new BehaviorSubject<ConnectionState>('up');
  private readonly sends = new Map<string, Subscriber<string>>();

  constructor(
    readonly name: string,
    readonly window: number,
  ) {}

  get state$(): Observable<ConnectionState> {
    return this.states$;
  }

  readonly send = (event: string): Observable<string> =>
    new Observable((subscriber) => {
      this.sent.push(event);
      this.sends.set(event, subscriber);
    });

  become(state: ConnectionState): void {
    this.states$.next(state);
  }

  retire(): void {
    this.states$.complete();
  }

  deliver(event: string): void {
    this.sends.get(event)?.complete();
  }

  fail(event: string, error: unknown): void {
    this.sends.get(event)?.error(error);
  }
}

describe('A DemandIterable', () => {
  expectNothingUnhandled();
  let well: Well;
  let heard: string[];
  let leave: () => void;

  beforeEach(() => {
    well = new Well();
    heard = [];
  });

  afterEach(() => {
    leave();
  });

  function balance(
    connections: readonly ConnectionInput<string>[],
    options: Omit<LoadBalanceOptions<string>, 'queue'> = {},
  ): void {
    const subscription = loadBalanceFrom<string, ConnectionInput<string>>(
      well,
      connections,
      options,
    ).subscribe({
      next: (outcome) =>
        heard.push(isDelivered(outcome) ? outcome.event : `${outcome.event} ${outcome.reason}`),
      error: (error: unknown) => heard.push(`# ${String(error)}`),
      complete: () => heard.push('|'),
    });
    leave = () => {
      subscription.unsubscribe();
    };
  }

  describe('hears how many events are wanted', () => {
    it('when it is asked: as many as the windows take', async () => {
      balance([new Place('a', 1), new Place('b', 3)]);
      expect(well.heard).to.deep.equal(['next 4']);
      await well.give('xyz');
      expect(well.heard).to.deep.equal(['next 4', 'next 3', 'next 2', 'next 1']);
    });

    it('and at any other moment, also that there are none', async () => {
      const [a, b] = [new Place('a', 1), new Place('b', 3)];
      balance([a, b]);
      const { demand } = well;
      expect(demand?.vacancies).to.equal(4);
      b.become('down');
      expect(demand?.vacancies).to.equal(1);
      await well.give('x');
      expect(demand?.vacancies).to.equal(0);
      a.become('down');
      expect(demand?.vacancies).to.equal(0);
      b.become('up');
      await settled();
      // What was in flight is sent again there.
      expect(b.sent).to.deep.equal(['x']);
      expect(demand?.vacancies).to.equal(2);
    });

    it('from batches: sends times size', () => {
      const batch = { size: 10, send: () => NEVER };
      const state$ = new BehaviorSubject<ConnectionState>('up');
      balance([{ name: 'many', state$, window: 2, batch }, new Place('b', 3)]);
      expect(well.heard).to.deep.equal(['next 23']);
    });

    it('from one that pauses: none', async () => {
      const [a, b] = [new Place('a', 5), new Place('b', 3)];
      balance([a, b], { maxAttempts: 1 });
      await well.give('x');
      a.fail('x', new TemporaryError('not now', { retryAfter: 60_000 }));
      expect(heard).to.deep.equal(['x attempts']);
      expect(well.demand?.vacancies).to.equal(3);
    });

    it('again when somebody else asks while an answer is awaited', () => {
      const [a, b] = [new Place('a', 1), new Place('b', 3)];
      b.become('down');
      balance([a, b]);
      expect(well.heard).to.deep.equal(['next 1']);
      b.become('up');
      expect(well.heard[0]).to.equal('next 1');
      expect(well.heard.slice(1)).to.include('again 4');
    });
  });

  it('is asked until it has nothing at once: a batch is filled in one go', async () => {
    const sent: string[] = [];
    const send = (events: readonly string[]): Observable<never> => {
      sent.push(events.join(''));
      return NEVER;
    };
    const state$ = new BehaviorSubject<ConnectionState>('up');
    balance([{ name: 'many', state$, batch: { size: 4, linger: 50, send } }]);
    await well.give('abcdefg');
    expect(sent).to.deep.equal(['abcd']);
    expect(well.heard).to.deep.equal(['next 4', 'next 3', 'next 2', 'next 1']);
  });

  describe('never has more here than the windows take', () => {
    /** Two places with room for one each; `x` fails at the first, and avoids it. */
    async function failOnce(
      source: AsyncIterable<string>,
      give: (event: string) => Promise<void>,
    ): Promise<string[][]> {
      const [a, b] = [new Place('a', 1), new Place('b', 1)];
      const subscription = loadBalanceFrom(source, [a, b]).subscribe();
      leave = () => {
        subscription.unsubscribe();
      };
      await give('x');
      await give('y');
      expect([a.sent, b.sent]).to.deep.equal([['x'], ['y']]);
      a.fail('x', new TemporaryError('not now', { retryAfter: 0 }));
      await settled();
      return [a.sent, b.sent];
    }

    it('but gives the retry to the place that it avoids', async () => {
      const sent = await failOnce(well, (event) => well.give(event));
      expect(well.isAsked).to.equal(false);
      expect(sent).to.deep.equal([['x', 'x'], ['y']]);
    });

    it('where a plain iterable is asked for one more, which that place takes', async () => {
      let answer: (result: IteratorResult<string, undefined>) => void = () => undefined;
      let asked = 0;
      const next = (): Promise<IteratorResult<string, undefined>> => {
        asked++;
        return new Promise((resolve) => {
          answer = resolve;
        });
      };
      const give = async (value: string): Promise<void> => {
        answer({ done: false, value });
        await settled();
      };
      const plain: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next }) };
      const sent = await failOnce(plain, give);
      expect(asked).to.equal(3);
      await give('z');
      expect(sent).to.deep.equal([['x', 'z'], ['y']]);
    });
  });

  describe('ends', () => {
    it('when it says so to one who asks', async () => {
      balance([new Place('a', 1)]);
      await well.end();
      expect(heard).to.deep.equal(['|']);
      expect(well.heard).to.deep.equal(['next 1']);
    });

    it('also when nobody asks: the last outcome ends all', async () => {
      const a = new Place('a', 1);
      balance([a]);
      await well.give('x');
      await well.end();
      expect(heard).to.deep.equal([]);
      a.deliver('x');
      expect(heard).to.deep.equal(['x', '|']);
      // It knows that it is over.
      expect(well.heard).to.deep.equal(['next 1']);
    });

    it('also when nobody asks: drainTimeout begins', async () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        balance([new Place('a', 1)], { drainTimeout: 500 });
        await well.give('x');
        clock.tick(1_000);
        await well.end();
        clock.tick(499);
        expect(heard).to.deep.equal([]);
        clock.tick(1);
        expect(heard).to.deep.equal(['x closed', '|']);
      } finally {
        clock.restore();
      }
    });

    it('with an error that nobody has asked for, after the last outcome', async () => {
      const a = new Place('a', 1);
      balance([a]);
      await well.give('x');
      await well.end({ error: 'dry' });
      expect(heard).to.deep.equal([]);
      a.deliver('x');
      expect(heard).to.deep.equal(['x', '# dry']);
    });

    it('once, however often it says so', async () => {
      const a = new Place('a', 1);
      balance([a]);
      await well.give('x');
      await well.end();
      await well.end({ error: 'dry' });
      a.deliver('x');
      expect(heard).to.deep.equal(['x', '|']);
    });

    it('at once when no connection is left, also while it is asked', async () => {
      const a = new Place('a', 1);
      balance([a]);
      expect(well.isAsked).to.equal(true);
      a.retire();
      expect(heard).to.deep.equal(['|']);
      expect(well.heard).to.deep.equal(['next 1', 'return']);
      await well.give('x');
      await well.end();
      expect(heard).to.deep.equal(['|']);
    });

    it('when its subscriber leaves', () => {
      balance([new Place('a', 1)]);
      leave();
      expect(well.heard).to.deep.equal(['next 1', 'return']);
    });
  });
});
