/** R6: a guaranteed event has no limit of attempts. */
import { expect } from 'chai';
import { map } from 'rxjs';
import { isDelivered, loadBalance, TemporaryError, type LoadBalanceOptions } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { drawn, run } from '../marbles.js';

/** Each of these makes all events guaranteed. */
const ways: Readonly<Record<string, LoadBalanceOptions<string>>> = {
  'guaranteed: true': { guaranteed: true, maxAttempts: 2 },
  'guaranteed: () => true': { guaranteed: () => true, maxAttempts: 2 },
  'maxAttempts: Infinity': { maxAttempts: Infinity },
};

describe('R6: a guaranteed event has no limit', () => {
  for (const [way, options] of Object.entries(ways)) {
    describe(`with ${way}`, () => {
      it('is sent until it is delivered', () => {
        run(({ cold, expectObservable, expectSubscriptions, flush }) => {
          const source$ = cold('   a|              ');
          const failing$ = cold('  -#              ');
          const expected = '       100ms -(o|)     ';
          const one = fakeConnection<string>(
            'u',
            (_event, { attempt }) => (attempt <= 100 ? failing$ : cold('-(r|)')),
            { name: 'one' },
          );

          const balanced$ = source$.pipe(loadBalance([one], { ...options, reconnectDelay: 0 }));
          expectObservable(balanced$).toBe(expected, {
            o: { status: 'delivered', event: 'a', value: 'r', connection: 'one', attempts: 101 },
          });
          expectSubscriptions(failing$.subscriptions).toBe(
            Array.from({ length: 100 }, (_, index) => `${' -'.repeat(index)} ^!`),
          );
          flush();
          expect(one.sent.at(-1)).to.deep.equal({ frame: 100, event: 'a', attempt: 101 });
        });
      });

      it('waits for a connection without limit', () => {
        run(({ cold, expectObservable }) => {
          const source$ = cold('   a|              ');
          const states = '         c 60m u         ';
          const expected = '       - 60m -(a|)     ';
          const one = fakeConnection<string>(states, '-(r|)');

          const timeout = { connect: Infinity, wait: 10 };
          expectObservable(source$.pipe(loadBalance([one], { ...options, timeout }), drawn)).toBe(expected);
        });
      });

      it('is dropped by a close, with the last ten failures', () => {
        run(({ cold, expectObservable }) => {
          const source$ = cold('   a|              ');
          const closeOn = cold('   20ms -x         ');
          const expected = '       20ms -(o|)      ';
          const one = fakeConnection<string>(
            'u',
            (_event, { attempt }) => cold('--#', undefined, `e${attempt}`),
            { name: 'one' },
          );

          const balanced$ = source$.pipe(
            loadBalance([one], { ...options, reconnectDelay: 0, closeOn }),
            map((outcome) => (isDelivered(outcome) ? outcome : { ...outcome, error: undefined })),
          );
          expectObservable(balanced$).toBe(expected, {
            o: {
              status: 'dropped',
              event: 'a',
              reason: 'closed',
              error: undefined,
              attempts: 11,
              failures: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => ({ connection: 'one', error: `e${n}` })),
            },
          });
        });
      });
    });
  }

  describe('with a function', () => {
    it('is what the function says, event by event', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   ag|                ');
        const sourceSubs = '     ^-!                ';
        const expected = '       ---A---(g|)        ';
        const one = fakeConnection<string>('u', (event, { attempt }) =>
          event === 'g' && attempt === 5 ? cold('-(r|)') : cold('-#'),
        );

        const balanced$ = source$.pipe(
          loadBalance([one], { maxAttempts: 2, reconnectDelay: 0, guaranteed: (event) => event === 'g' }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(source$.subscriptions).toBe(sourceSubs);
        flush();
        expect(one.sent.map(({ event }) => event).join('')).to.equal('agagggg');
      });
    });

    it('asks at most once for an event, and only when it matters', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)             ');
        const expected = '       --b---a(c|)        ';
        const asked: string[] = [];
        const one = fakeConnection<string>('u', (event, { attempt }) =>
          event === 'b' || attempt === 3 ? cold('-(r|)') : cold('-#'),
        );

        const balanced$ = source$.pipe(
          loadBalance([one], {
            reconnectDelay: 0,
            guaranteed: (event) => asked.push(event) > 0,
          }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(asked).to.deep.equal(['a', 'c']);
      });
    });

    it('asks once for an event that has outlived its wait, and fails after that', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a|                 ');
        const again = new TemporaryError('again', { retryAfter: 0 });
        const states = '         d 30ms u           ';
        const expected = '       - 30ms --(a|)      ';
        const asked: string[] = [];
        const one = fakeConnection<string>(states, (_event, { attempt }) =>
          attempt === 1 ? cold('-#', undefined, again) : cold('-(r|)'),
        );

        const balanced$ = source$.pipe(
          loadBalance([one], {
            timeout: { wait: 10 },
            maxAttempts: 1,
            guaranteed: (event) => asked.push(event) > 0,
          }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(asked).to.deep.equal(['a']);
      });
    });
  });
});
