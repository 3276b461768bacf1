/** Lists of connections that are none, once they come: the balancer closes, and says what it expected (R17, R21, R24). */
import { expect } from 'chai';
import { concat, from, NEVER, Observable, of, throwError, toArray } from 'rxjs';
import {
  loadBalance,
  LoadBalancer,
  loadBalanceFrom,
  type ConnectionInput,
  type Connections,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';
import { aListOfFunctions } from './kinds.js';
import { expectNothingUnhandled } from './unhandled.js';
import { closedObjects, functions, oddValues } from './values.js';

type List = readonly ConnectionInput<string>[];

const never = (): Observable<string> => NEVER;

const lists = [...oddValues, ...functions].filter(({ make }) => !aListOfFunctions(make()));

/** An error as R24 has it. */
const clear = (who: string, error: unknown): void => {
  expect(error instanceof TypeError || error instanceof RangeError, String(error)).to.equal(true);
  expect((error as Error).message).to.match(
    new RegExp(`^${who}: expected \`connections.*\` to be .*, got .+$`),
  );
};

describe('a stream of lists that', () => {
  expectNothingUnhandled();

  for (const { what, make } of lists) {
    it(`emits ${what} should close the balancer, and each event have its outcome`, () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const errors: unknown[] = [];
        const place = fakeConnection<string>('u', '-----(r|)', { name: 'place' });
        const lists$ = cold<List>('l-x', { l: [place], x: make() as List });

        const e1 = cold(' ab--------');
        const e1subs = '  ^-!       ';
        const expected = '--(ab#)   ';

        const outcomes$ = new Observable<string>((subscriber) =>
          e1.pipe(loadBalance(lists$), inShort).subscribe({
            next: (outcome) => {
              subscriber.next(outcome);
            },
            error: (error: unknown) => {
              errors.push(error);
              subscriber.error('error');
            },
          }),
        );

        expectObservable(outcomes$).toBe(expected, { a: 'a closed 1', b: 'b closed 0' });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
        flush();
        expect(errors).to.have.length(1);
        clear('loadBalance', errors[0]);
        expect(place.closed).to.deep.equal([2]);
      });
    });
  }

  it('emits a list with a connection among what is none should open none of it', () => {
    for (const { make } of lists) {
      let opened = 0;
      const errors: unknown[] = [];
      const state$ = new Observable<'up'>(() => {
        opened++;
      });
      const list = [{ name: 'good', state$, send: never }, make()];

      of('a')
        .pipe(loadBalance(concat(of(list as List), NEVER)))
        .subscribe({ error: (error: unknown) => errors.push(error) });

      // Some are connections: a function is one.
      if (typeof list[1] === 'function') {
        expect([errors.length, opened]).to.deep.equal([0, 1]);
      } else {
        expect([errors.length, opened]).to.deep.equal([1, 0]);
        clear('loadBalance', errors[0]);
      }
    }
  });

  it('emits objects that throw when they are looked into should close the balancer', () => {
    for (const { make } of closedObjects) {
      const errors: unknown[] = [];
      for (const list of [make(), [make()], [never, make()]]) {
        of('a')
          .pipe(loadBalance(from([list as List])))
          .subscribe({ error: (error: unknown) => errors.push(error) });
      }
      expect(errors).to.have.length(3);
    }
  });
});

describe('a function of connections that', () => {
  expectNothingUnhandled();

  for (const { what, make } of lists) {
    it(`gives ${what} should fail the output before the source is touched`, () => {
      let touched = 0;
      const errors: unknown[] = [];
      const source$ = new Observable<string>(() => {
        touched++;
      });

      source$
        .pipe(loadBalance((() => make()) as Connections<ConnectionInput<string>>))
        .subscribe({ error: (error: unknown) => errors.push(error) });

      expect([errors.length, touched]).to.deep.equal([1, 0]);
      clear('loadBalance', errors[0]);
    });
  }

  it('gives nonsense should name the function that was called', async () => {
    const nonsense = (() => 'odd') as unknown as () => List;
    const balancer = new LoadBalancer(nonsense);
    const outcome = await balancer.publish('a');
    expect(outcome).to.include({ status: 'dropped', reason: 'closed' });
    clear('LoadBalancer', (outcome as { readonly error: Error }).error.cause);

    const errors: unknown[] = [];
    let asked = 0;
    const source = {
      [Symbol.iterator]: () => {
        asked++;
        return [''][Symbol.iterator]();
      },
    };
    loadBalanceFrom(source, nonsense).subscribe({ error: (error: unknown) => errors.push(error) });
    expect([errors.length, asked]).to.deep.equal([1, 0]);
  });
});

it('a stream of lists that fails with any value should have that for the error of the output', () => {
  for (const { make } of oddValues) {
    const error = make();
    const errors: unknown[] = [];

    concat(of('a'), NEVER)
      .pipe(
        loadBalance<string, ConnectionInput<string>>(
          concat(
            of([never]),
            throwError(() => error),
          ),
        ),
        toArray(),
      )
      .subscribe({ error: (thrown: unknown) => errors.push(thrown) });

    expect(errors).to.have.length(1);
    expect(Object.is(errors[0], error)).to.equal(true);
  }
});
