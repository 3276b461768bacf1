/** State streams and windows that misbehave: the connection has failed, or has ended, and no event is lost (R9, R10, R14, R17). */
import { expect } from 'chai';
import { map, Observable, of, Subscription, type Observer } from 'rxjs';
import {
  loadBalance,
  type BalancerActivity,
  type Connection,
  type ConnectionState,
  type LoadBalanceOptions,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort as brief, run, sends, diagram } from '../marbles.js';
import { aCount } from './kinds.js';
import { expectNothingUnhandled } from './unhandled.js';
import { functions, oddValues } from './values.js';

type Watching = Observer<ConnectionState>;

/** A stream that another library has made: RxJS guards nothing of what it says. */
function foreign(subscribe: (watching: Watching) => void): Observable<never> {
  return Object.assign(new Observable<never>(), {
    subscribe: (watching: Watching) => {
      subscribe(watching);
      return new Subscription();
    },
  });
}

/** A connection with these states that answers after two frames. */
const placeOf = (state$: Observable<unknown>, cold: (marbles: string) => Observable<string>) =>
  ({ name: 'place', state$, send: () => cold('--(r|)') }) as Connection<string>;

const errorsIn = (activities: readonly BalancerActivity[]): string[] =>
  activities.flatMap((activity) =>
    activity.type === 'state' && activity.error !== undefined ? [`${activity.error as Error}`] : [],
  );

/** Options that note what the monitor is told. */
const noting = (options: LoadBalanceOptions<string> = {}) => {
  const activities: BalancerActivity[] = [];
  const monitor = { next: (activity: BalancerActivity) => activities.push(activity) };
  return { activities, options: { reconnectDelay: 100, ...options, monitor } };
};

describe('a state stream that', () => {
  expectNothingUnhandled();

  for (const { what, make } of [...oddValues, ...functions]) {
    it(`emits ${what} should have broken its connection, whose events go elsewhere`, () => {
      run(({ cold, expectObservable, flush }) => {
        const { activities, options } = noting();
        const odd = fakeConnection<string>('u', '-----(r|)', { name: 'odd' });
        const values = { u: 'up' as const, x: make() as 'up' };
        const place = { ...odd, state$: cold('u-x-u', values) };
        const other = fakeConnection<string>('---u', '(r|)', { name: 'other' });

        const e1 = '      ab|    ';
        const expected = '---(ab|)';

        const result = cold(e1).pipe(loadBalance([place, other], options), brief);

        expectObservable(result).toBe(expected, { a: 'a@other 2', b: 'b@other 1' });
        flush();
        expect(errorsIn(activities)).to.have.length(1);
        expect(errorsIn(activities)[0]).to.match(
          /^RangeError: odd: expected `state` to be 'connecting', 'up' or 'down', got .+$/,
        );
      });
    });
  }

  describe('knows no end, and after its completion', () => {
    const lateWords: Readonly<Record<string, (watching: Watching) => void>> = {
      'is up again': (watching) => {
        watching.next('down');
        watching.next('up');
      },
      'emits nonsense': (watching) => {
        watching.next('odd' as 'up');
      },
      'completes once more': (watching) => {
        watching.complete();
      },
      fails: (watching) => {
        watching.error('late');
      },
    };

    for (const [what, say] of Object.entries(lateWords)) {
      it(`${what} should have retired its connection all the same`, () => {
        run(({ cold, expectObservable, flush }) => {
          const { activities, options } = noting();
          const state$ = foreign((watching) => {
            watching.next('up');
            cold('-c').subscribe(() => {
              watching.complete();
              say(watching);
            });
          });
          const place = placeOf(state$, cold);
          const other = fakeConnection<string>('u', '(r|)', { name: 'other', window: of(0) });

          const e1 = '      a---b---|  ';
          const expected = '--a-----(b|)';

          const result = cold(e1).pipe(loadBalance([place, other], { ...options, drainTimeout: 0 }), brief);

          expectObservable(result).toBe(expected, { a: 'a@place 1', b: 'b closed 0' });
          flush();
          expect(errorsIn(activities)).to.deep.equal([]);
        });
      });
    }
  });

  it('fails twice should have failed once', () => {
    run(({ cold, expectObservable, flush }) => {
      let opened = 0;
      const { activities, options } = noting({ reconnectDelay: 3 });
      const state$ = foreign((watching) => {
        watching.next('up');
        if (++opened === 1) {
          cold('-c').subscribe(() => {
            watching.error('first');
            watching.error('second');
            watching.next('up');
          });
        }
      });

      const e1 = '      a|       ';
      const expected = '------(a|)';

      const result = cold(e1).pipe(loadBalance([placeOf(state$, cold)], options), brief);

      expectObservable(result).toBe(expected, { a: 'a@place 2' });
      flush();
      expect(opened).to.equal(2);
      expect(errorsIn(activities)).to.deep.equal(['first']);
    });
  });

  it('throws after it has been up should have broken its connection, and be opened again', () => {
    run(({ cold, expectObservable }) => {
      let opened = 0;
      const state$ = new Observable<ConnectionState>((subscriber) => {
        subscriber.next('up');
        if (++opened === 1) {
          throw new Error('no');
        }
      });

      const e1 = '      a|       ';
      const expected = '-----(a|)';

      const result = cold(e1).pipe(loadBalance([placeOf(state$, cold)], { reconnectDelay: 3 }), brief);

      expectObservable(result).toBe(expected, { a: 'a@place 1' });
    });
  });

  it('is not one for RxJS to subscribe to should be tried again and again, beside those that work', () => {
    run(({ cold, expectObservable, flush }) => {
      let tried = 0;
      const state$ = foreign(() => {
        tried++;
        throw new Error('no');
      });
      const other = fakeConnection<string>('---u', '(r|)', { name: 'other' });

      const e1 = '      a-------|';
      const expected = '---a----|';

      const result = cold(e1).pipe(loadBalance([placeOf(state$, cold), other], { reconnectDelay: 2 }), brief);

      expectObservable(result).toBe(expected, { a: 'a@other 1' });
      flush();
      expect(tried).to.equal(4);
    });
  });

  it('emits 100,001 states at once should count as in its last one, without growing the stack', () => {
    const state$ = new Observable<ConnectionState>((subscriber) => {
      for (let index = 0; index < 100_000; index++) {
        subscriber.next(index % 2 === 0 ? 'down' : 'connecting');
      }
      subscriber.next('up');
    });
    const outcomes: string[] = [];

    of('a')
      .pipe(loadBalance([{ name: 'place', state$, send: () => of('r') }]), brief)
      .subscribe((outcome) => outcomes.push(outcome));

    expect(outcomes).to.deep.equal(['a@place 1']);
  });

  it('repeats itself 100,000 times in the middle of a send should change nothing', () => {
    run(({ cold, expectObservable, flush }) => {
      const place = fakeConnection<string>('u', '--(r|)');
      const state$ = new Observable<ConnectionState>((subscriber) => {
        subscriber.next('up');
        cold('-x').subscribe(() => {
          for (let index = 0; index < 100_000; index++) {
            subscriber.next('up');
          }
        });
      });

      const e1 = '      ab|     ';
      const expected = '--a-(b|)';

      const result = cold(e1).pipe(loadBalance([{ ...place, state$ }]), brief);

      expectObservable(result).toBe(expected, { a: 'a@fake 1', b: 'b@fake 1' });
      flush();
      expect(sends(place)).to.deep.equal(diagram('a-b'));
    });
  });
});

describe('a stream of windows that', () => {
  expectNothingUnhandled();

  const isWindow = aCount(0);

  for (const { what, make } of [...oddValues, ...functions].filter((odd) => !isWindow(odd.make()))) {
    it(`emits ${what} should have broken its connection, once what is in flight was put back`, () => {
      run(({ cold, expectObservable, flush }) => {
        const { activities, options } = noting();
        const window = cold('w-x', { w: 2, x: make() as number });
        const odd = fakeConnection<string>('u', '-----(r|)', { name: 'odd', window });
        const other = fakeConnection<string>('---u', '(r|)', { name: 'other', window: 2 });

        const e1 = '      ab|    ';
        const expected = '---(ab|)';

        const result = cold(e1).pipe(loadBalance([odd, other], options), brief);

        expectObservable(result).toBe(expected, { a: 'a@other 2', b: 'b@other 2' });
        flush();
        expect(errorsIn(activities)).to.have.length(1);
        expect(errorsIn(activities)[0]).to.match(
          /^(Range|Type)Error: odd: expected `window` to be a non-negative integer or Infinity, got .+$/,
        );
      });
    });
  }

  it('throws when it is subscribed to should have broken its connection, and be tried again', () => {
    run(({ cold, expectObservable, flush }) => {
      let tried = 0;
      const window = new Observable<number>((subscriber) => {
        if (++tried < 3) {
          throw new Error('no');
        }
        subscriber.next(1);
      });
      const place = fakeConnection<string>('u', '(r|)', { window });

      const e1 = '      a|       ';
      const expected = '----(a|)';

      const result = cold(e1).pipe(loadBalance([place], { reconnectDelay: 2 }), brief);

      expectObservable(result).toBe(expected, { a: 'a@fake 1' });
      flush();
      expect(tried).to.equal(3);
    });
  });

  it('emits 100,000 sizes at once, and completes, should count as its last one', () => {
    run(({ cold, expectObservable }) => {
      const window = new Observable<number>((subscriber) => {
        for (let size = 100_000; size >= 2; size--) {
          subscriber.next(size);
        }
        subscriber.complete();
      });
      const place = fakeConnection<string>('u', '------(r|)', { window });

      const e1 = '      (abcd|)          ';
      const expected = '------(ab)--(cd|)';

      const result = cold(e1).pipe(
        loadBalance([place]),
        map(({ event }) => event),
      );

      expectObservable(result).toBe(expected);
    });
  });
});
