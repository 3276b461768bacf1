/** R1: only a connection that is up pulls, and never more than its window. */
import { expect } from 'chai';
import { concat, NEVER, of, TimeoutError, type Observable } from 'rxjs';
import {
  loadBalance,
  type BalancerActivity,
  type Connection,
  type ConnectionState,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { diagram, drawn, run, sends } from '../marbles.js';

const letters = { c: 'connecting', u: 'up', d: 'down' } as const;
const sizes = { 0: 0, 1: 1, 2: 2, 3: 3 };

const connectionOf = (
  state$: Observable<ConnectionState>,
  answer$: Observable<string>,
  window: number | Observable<number> = 1,
): Connection<string, string> => ({ name: 'one', state$, window, send: () => answer$ });

describe('R1: only a connection whose latest state is up pulls, and never more than its window', () => {
  describe('states', () => {
    it('pulls while it is up, and in no other state', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   a--b---c--d|');
        const states = '         c-u---d--u  ';
        const pulled = '         --ab-----cd ';
        const expected = '       --ab-----cd|';
        const sourceSubs = '     ^----------!';
        const one = fakeConnection<string>(states, '(r|)');

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        expectSubscriptions(source$.subscriptions).toBe(sourceSubs);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
        expect(one).to.deep.include({ opened: [0], closed: [11] });
      });
    });

    it('goes by the latest state when it flaps within a frame, and starts nothing once that is down', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   ----------a|      ');
        const state$ = cold('    (udud)-----(du)   ', letters);
        const answer$ = cold('              --(r|)');
        const answerSubs = '     -----------^-!    ';
        const expected = '       -------------(a|) ';

        expectObservable(source$.pipe(loadBalance([connectionOf(state$, answer$)]), drawn)).toBe(expected);
        expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
      });
    });

    it('cancels and sends again when it flaps within a frame with an event in hand', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a|       ');
        const state$ = cold('    u--(dud)u', letters);
        const answer$ = cold('   ----(r|) ');
        const answerSubs = ['    ^--!     ', '---(^!)', '--------^---!'];
        const expected = '       ------------(a|)';

        const balanced$ = source$.pipe(loadBalance([connectionOf(state$, answer$)]));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
      });
    });

    it('sees only the last of the states that come synchronously on opening', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('     a|      ');
        const state$ = concat(of('up', 'down', 'up', 'down', 'up'), NEVER) as Observable<ConnectionState>;
        const answer$ = cold('     --(r|)  ');
        const answerSubs = '       ^-!     ';
        const expected = '         --(o|)  ';

        expectObservable(source$.pipe(loadBalance([connectionOf(state$, answer$)]))).toBe(expected, {
          o: { status: 'delivered', event: 'a', value: 'r', connection: 'one', attempts: 1 },
        });
        expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
      });
    });

    it('pulls nothing when the last of the synchronous states is down', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('     a|      ');
        const state$ = concat(of('up', 'down'), NEVER) as Observable<ConnectionState>;
        const answer$ = cold('     --(r|)  ');
        const closeOn = cold('     -----x  ');
        const expected = '         -----(A|)';

        const balanced$ = source$.pipe(loadBalance([connectionOf(state$, answer$)], { closeOn }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(answer$.subscriptions).toBe([]);
      });
    });

    it('goes on with its send when up is repeated', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   (ab|)         ');
        const state$ = cold('    u-u(uu)-u     ', letters);
        const stateSubs = '      ^-----------! ';
        const answer$ = cold('   ------(r|)    ');
        const answerSubs = ['    ^-----!       ', '------^-----!'];
        const expected = '       ------a-----(b|)';

        expectObservable(source$.pipe(loadBalance([connectionOf(state$, answer$)]), drawn)).toBe(expected);
        expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
      });
    });
  });

  describe('connecting', () => {
    const timeout = { connect: 5 };

    it('fails with a TimeoutError after timeout.connect, and opens again after reconnectDelay', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   a                 ');
        const state$ = cold('    c                 ', letters);
        const stateSubs = ['     ^----!            ', '--------^----!', '----------------^--!'];
        const unsub = '          -------------------!';
        const seen: BalancerActivity[] = [];
        const monitor = { next: (activity: BalancerActivity): unknown => seen.push(activity) };

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, NEVER)], { timeout, reconnectDelay: 3, monitor }),
        );
        expectObservable(balanced$, unsub).toBe('');
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
        flush();
        const errors = seen.flatMap((activity) =>
          activity.type === 'state' && activity.state === 'backoff' ? [activity.error] : [],
        );
        expect(errors).to.have.length(2);
        expect(errors[0]).to.be.instanceOf(TimeoutError);
        expect(errors[1]).to.be.instanceOf(TimeoutError);
      });
    });

    it('counts silence as connecting', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a                 ');
        const state$ = cold<ConnectionState>('-    ');
        const stateSubs = ['     ^----!            ', '--------^----!', '----------------^--!'];
        const unsub = '          -------------------!';

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, NEVER)], { timeout, reconnectDelay: 3 }),
        );
        expectObservable(balanced$, unsub).toBe('');
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
      });
    });

    it('is not bounded anew when connecting is repeated, or said after silence', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a        ');
        const state$ = cold('    --c-c-u  ', letters);
        const stateSubs = '      ^----!   ';
        const unsub = '          --------!';

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, NEVER)], { timeout: { connect: 5 }, reconnectDelay: 10 }),
        );
        expectObservable(balanced$, unsub).toBe('');
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
      });
    });

    it('is bounded every time it comes back to connecting', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   --------------------a|    ');
        const state$ = cold('    c--u-----c----u-----c     ', letters);
        const stateSubs = ['     ^------------------------!', '----------------------------^--!'];
        const answer$ = cold('   (r|)                      ');
        const expected = '       -------------------------------(a|)';

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, answer$)], { timeout: { connect: 5 }, reconnectDelay: 3 }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
      });
    });

    it('may take as long as it likes with timeout.connect at Infinity', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a|               ');
        const state$ = cold('    c 60m u          ', letters);
        const stateSubs = '      ^ 60m !         ';
        const answer$ = cold('   (r|)             ');
        const expected = '       - 60m (a|)       ';

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, answer$)], { timeout: { connect: Infinity } }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
      });
    });
  });

  describe('down', () => {
    it('is waited out, however long it lasts, without closing or a backoff', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   a-------------b|   ');
        const state$ = cold('    d-------u---d----u ', letters);
        const stateSubs = '      ^----------------! ';
        const answer$ = cold('   (r|)               ');
        const expected = '       --------a--------(b|)';
        let waits = 0;
        const reconnectDelay = (): Observable<number> => of(++waits);

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, answer$)], { timeout: { connect: 3 }, reconnectDelay }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
        flush();
        expect(waits).to.equal(0);
      });
    });

    it('is waited out when the states are hot, and the connection comes up later', () => {
      run(({ cold, hot, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a|              ');
        const state$ = hot('     d-------u       ', letters);
        const stateSubs = '      ^-------!       ';
        const answer$ = cold('   (r|)            ');
        const expected = '       --------(a|)    ';

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, answer$)], { timeout: { connect: 3 }, reconnectDelay: 100 }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
      });
    });

    it('ends the time that connecting may take, and connecting after it has all of it again', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a|              ');
        const state$ = cold('    c--d------c---u ', letters);
        const stateSubs = '      ^-------------! ';
        const answer$ = cold('   (r|)            ');
        const expected = '       --------------(a|)';

        const balanced$ = source$.pipe(
          loadBalance([connectionOf(state$, answer$)], { timeout: { connect: 5 }, reconnectDelay: 100 }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(state$.subscriptions).toBe(stateSubs);
      });
    });
  });

  describe('the window', () => {
    it('is 1 by default', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)       ');
        const pulled = '         a---b---c    ';
        const expected = '       ----a---b---(c|)';
        const one = fakeConnection<string>('u', '----(r|)');

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('is how many sends are in flight at most', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abcde|)        ');
        const pulled = '         (ab)(cd)e       ';
        const expected = '       ----(ab)(cd)(e|)';
        const one = fakeConnection<string>('u', '----(r|)', { window: 2 });

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('lets what is in flight finish when it shrinks below that, pauses at 0, and comes back', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   (abcdefgh|)                 ');
        const window = cold('    3-1----0----2               ', sizes);
        const windowSubs = '     ^---------------------!     ';
        const pulled = '         (abc)d------(ef)-(gh)       ';
        const expected = '       -----(abc)d------(ef)-(gh|) ';
        const one = fakeConnection<string>('u', '-----(r|)', { window });

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        expectSubscriptions(window.subscriptions).toBe(windowSubs);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('pulls at once when it grows', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)          ');
        const window = cold('    1-3             ', sizes);
        const pulled = '         a-(bc)          ';
        const expected = '       ------a-(bc|)   ';
        const one = fakeConnection<string>('u', '------(r|)', { window });

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('is 1 until its stream has emitted, and stays what it was when that completes', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abcde|)          ');
        const window = cold('    --(2|)            ', sizes);
        const pulled = '         a-b-c-d-e         ';
        const expected = '       ----a-b-c-d-(e|)  ';
        const one = fakeConnection<string>('u', '----(r|)', { window });

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('pauses from the start with 0', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)    ');
        const pulledByTwo = '    a-b      ';
        const expected = '       --a-(b|) ';
        const one = fakeConnection<string>('u', '--(r|)', { window: 0 });
        const two = fakeConnection<string>('u', '--(r|)');

        expectObservable(source$.pipe(loadBalance([one, two]), drawn)).toBe(expected);
        flush();
        expect(one.sent).to.deep.equal([]);
        expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
      });
    });

    it('is opened and closed with the connection', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   ------(abcd|)     ');
        const states = '         u--#              ';
        const window = cold('    -2                ', sizes);
        const windowSubs = ['    ^--!              ', '-----^--!', '----------^--!'];
        const unsub = '          -------------!    ';
        const one = fakeConnection<string>(states, () => NEVER, { window });

        expectObservable(
          source$.pipe(loadBalance([one], { reconnectDelay: 2, maxAttempts: Infinity })),
          unsub,
        ).toBe('');
        expectSubscriptions(window.subscriptions).toBe(windowSubs);
        flush();
        expect(one.opened).to.deep.equal([0, 5, 10]);
      });
    });

    it('fails the connection when it is none, and says so', () => {
      run(({ cold, expectObservable, flush }) => {
        const errors: string[] = [];
        const next = (activity: BalancerActivity): void => {
          if (activity.type === 'state' && activity.state === 'backoff') {
            errors.push(String(activity.error));
          }
        };
        const window = cold('    ---x   ', { x: -1 });
        const unsub = '          -----! ';
        const one = fakeConnection<string>('u', () => NEVER, { name: 'one', window });
        expectObservable(NEVER.pipe(loadBalance([one], { monitor: { next } })), unsub).toBe('');
        flush();
        expect(errors).to.deep.equal([
          'RangeError: one: expected `window` to be a non-negative integer or Infinity, got `-1` (number)',
        ]);
      });
    });
  });
});
