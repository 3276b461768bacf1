/** R5: an event has maxAttempts attempts, and is then dropped. */
import { expect } from 'chai';
import { map, NEVER, timer } from 'rxjs';
import { loadBalance, TemporaryError } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { drawn, run } from '../marbles.js';

describe('R5: an attempt that fails puts the event back until it has had maxAttempts', () => {
  it('has three attempts by default, and is then dropped with the last error', () => {
    run(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source$ = cold('   a|              ');
      const sourceSubs = '     ^!              ';
      const first$ = cold('    -#              ', undefined, 'e1');
      const firstSubs = '      ^!              ';
      const second$ = cold('      -#           ', undefined, 'e2');
      const secondSubs = '     ---^!           ';
      const third$ = cold('          -#        ', undefined, 'e3');
      const thirdSubs = '      ------^!        ';
      const expected = '       -------(o|)     ';
      const one = fakeConnection<string>(
        'u',
        (_event, { attempt }) => [first$, second$, third$][attempt - 1] ?? NEVER,
        { name: 'one' },
      );

      expectObservable(source$.pipe(loadBalance([one], { reconnectDelay: 2 }))).toBe(expected, {
        o: {
          status: 'dropped',
          event: 'a',
          reason: 'attempts',
          error: 'e3',
          attempts: 3,
          failures: [
            { connection: 'one', error: 'e1' },
            { connection: 'one', error: 'e2' },
            { connection: 'one', error: 'e3' },
          ],
        },
      });
      expectSubscriptions(source$.subscriptions).toBe(sourceSubs);
      expectSubscriptions(first$.subscriptions).toBe(firstSubs);
      expectSubscriptions(second$.subscriptions).toBe(secondSubs);
      expectSubscriptions(third$.subscriptions).toBe(thirdSubs);
      flush();
      expect(one).to.deep.include({ opened: [0, 3, 6], closed: [1, 4, 7] });
    });
  });

  it('is delivered by its last attempt, and says how many there were', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   a|              ');
      const expected = '       -------(o|)     ';
      const one = fakeConnection<string>(
        'u',
        (_event, { attempt }) => (attempt < 3 ? cold('-#') : cold('-(r|)')),
        { name: 'one' },
      );

      expectObservable(source$.pipe(loadBalance([one], { reconnectDelay: 2 }))).toBe(expected, {
        o: { status: 'delivered', event: 'a', value: 'r', connection: 'one', attempts: 3 },
      });
      flush();
      expect(one.sent.map(({ attempt }) => attempt)).to.deep.equal([1, 2, 3]);
    });
  });

  it('is not put back with maxAttempts: 1', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   ab|             ');
      const answer$ = cold('   --#             ');
      const answerSubs = ['    ^-!             ', '---^-!'];
      const expected = '       --A--(B|)       ';
      const one = fakeConnection<string>('u', () => answer$);

      const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 1, reconnectDelay: 1 }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    });
  });

  it('counts the attempts of each event for itself', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   (ab|)           ');
      const expected = '       --A(b|)         ';
      // Both fail on their first attempt; a fails again.
      const again = new TemporaryError('again', { retryAfter: 0 });
      const [left, right] = ['left', 'right'].map((name) =>
        fakeConnection<string>(
          'u',
          (event, { attempt }) =>
            event === 'a' || attempt === 1 ? cold('-#', undefined, again) : cold('--(r|)'),
          { name },
        ),
      ) as [ReturnType<typeof fakeConnection<string>>, ReturnType<typeof fakeConnection<string>>];

      const balanced$ = source$.pipe(loadBalance([left, right], { maxAttempts: 2 }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      flush();
      expect([...left.sent, ...right.sent].map(({ event, attempt }) => `${event}${attempt}`)).to.have.members(
        ['a1', 'a2', 'b1', 'b2'],
      );
    });
  });

  it('counts an attempt only when a send of it was started', () => {
    run(({ cold, expectObservable }) => {
      const source$ = cold('   (ab|)           ');
      const closeOn = cold('   ----------x     ', undefined);
      const expected = '       ----------(ab|) ';
      const one = fakeConnection<string>('u', () => NEVER, { name: 'one' });

      const counts$ = source$.pipe(
        loadBalance([one], { closeOn }),
        map(({ event, attempts }) => ({ event, attempts })),
      );
      expectObservable(counts$).toBe(expected, {
        a: { event: 'a', attempts: 1 },
        b: { event: 'b', attempts: 0 },
      });
    });
  });

  it('tells of every failed attempt where it was, oldest first', () => {
    run(({ cold, expectObservable }) => {
      const source$ = cold('   a|              ');
      const expected = '       ------(o|)      ';
      const one = fakeConnection<string>('u', '-#', { name: 'one', error: 'of one' });
      const two = fakeConnection<string>('u', '--#', { name: 'two', error: 'of two' });
      const three = fakeConnection<string>('u', '---#', { name: 'three', error: 'of three' });

      const balanced$ = source$.pipe(loadBalance([one, two, three], { reconnectDelay: 100 }));
      expectObservable(balanced$).toBe(expected, {
        o: {
          status: 'dropped',
          event: 'a',
          reason: 'attempts',
          error: 'of three',
          attempts: 3,
          failures: [
            { connection: 'one', error: 'of one' },
            { connection: 'two', error: 'of two' },
            { connection: 'three', error: 'of three' },
          ],
        },
      });
    });
  });

  it('tells of the last ten failed attempts', () => {
    run(({ cold, expectObservable }) => {
      const source$ = cold('   a|              ');
      const expected = '       12ms (o|)       ';
      const one = fakeConnection<string>('u', (_event, { attempt }) => cold('-#', undefined, `e${attempt}`), {
        name: 'one',
      });

      const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 12, reconnectDelay: 0 }));
      expectObservable(balanced$).toBe(expected, {
        o: {
          status: 'dropped',
          event: 'a',
          reason: 'attempts',
          error: 'e12',
          attempts: 12,
          failures: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => ({ connection: 'one', error: `e${n}` })),
        },
      });
    });
  });

  it('goes on with the other events after a drop', () => {
    run(({ cold, expectObservable }) => {
      const source$ = cold('   (abc|)          ');
      const expected = '       -A--b(c|)       ';
      const one = fakeConnection<string>('u', (event) => (event === 'a' ? cold('-#') : cold('-(r|)')));

      const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 1, reconnectDelay: () => timer(2) }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
    });
  });
});
