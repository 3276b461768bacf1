/** R8: how long an event waits while no connection is up. */
import { expect } from 'chai';
import { map, NEVER, Subject, TimeoutError } from 'rxjs';
import { useFakeTimers } from 'sinon';
import { isDelivered, isDropped, loadBalance, TemporaryError, type Connection } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { diagram, drawn, run, sends } from '../marbles.js';

/** The letters of guaranteed events. */
const guaranteed = (event: string): boolean => event === 'g' || event === 'h';

describe('R8: timeout.wait bounds waiting for a connection', () => {
  describe('while none is up', () => {
    it('drops an event after exactly 200 ms, with maxAttempts: 2, timeout: 100', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a|                ');
        const sourceSubs = '     ^!                ';
        const expected = '       200ms (o|)        ';
        const one = fakeConnection<string>('d', '(r|)');

        const balanced$ = source$.pipe(
          loadBalance([one], { maxAttempts: 2, timeout: 100 }),
          map((outcome) => (isDelivered(outcome) ? outcome : { ...outcome, error: typeof outcome.error })),
        );
        expectObservable(balanced$).toBe(expected, {
          o: {
            status: 'dropped',
            event: 'a',
            reason: 'no-connection',
            error: 'object',
            attempts: 0,
            failures: [],
          },
        });
        expectSubscriptions(source$.subscriptions).toBe(sourceSubs);
      });
    });

    it('counts the wait of every event for itself', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   a 6ms b 49ms (cd|)           ');
        const expected = '       200ms A 6ms B 49ms (CD|)     ';
        const one = fakeConnection<string>('d', '(r|)');

        expectObservable(source$.pipe(loadBalance([one], { maxAttempts: 2, timeout: 100 }), drawn)).toBe(
          expected,
        );
      });
    });

    for (const [what, states] of [
      ['down', '                   d'],
      ['connecting', '             c'],
      ['silent', '                 -'],
      ['broken', '                 #'],
      ['now this and now that', '  c 10ms d 30ms c 5ms #'],
    ] as const) {
      it(`drops it after that time whether they are ${what}`, () => {
        run(({ cold, expectObservable }) => {
          const source$ = cold('   a|                ');
          const expected = '       200ms (A|)        ';
          const one = fakeConnection<string>(states, '(r|)');
          const two = fakeConnection<string>(states, '(r|)');

          const balanced$ = source$.pipe(
            loadBalance([one, two], { maxAttempts: 2, timeout: 100, reconnectDelay: 20 }),
          );
          expectObservable(balanced$.pipe(drawn)).toBe(expected);
        });
      });
    }

    it('delivers it when one comes up in time', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   a|                ');
        const states = '         d 198ms u         ';
        const expected = '       199ms (a|)        ';
        const one = fakeConnection<string>(states, '(r|)');

        expectObservable(source$.pipe(loadBalance([one], { maxAttempts: 2, timeout: 100 }), drawn)).toBe(
          expected,
        );
      });
    });

    it('waits without limit by default', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   a|                ');
        const states = '         d 600m u          ';
        const expected = '       - 600m (a|)       ';
        const one = fakeConnection<string>(states, '(r|)');

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
      });
    });

    it('is never early on the real kind of clock', () => {
      const clock = useFakeTimers({ now: Date.UTC(2026, 0, 1), shouldClearNativeTimers: true });
      try {
        const down: Connection<string> = { name: 'down', state$: NEVER, send: () => NEVER };
        const source$ = new Subject<string>();
        const waited: number[] = [];
        const started = Date.now();
        source$
          .pipe(loadBalance([down], { maxAttempts: 2, timeout: { connect: Infinity, wait: 100 } }))
          .subscribe(() => waited.push(Date.now() - started));
        source$.next('a');
        clock.tick(50);
        source$.next('b');
        clock.tick(1_000);
        expect(waited).to.deep.equal([200, 250]);
        expect(clock.countTimers()).to.equal(0);
      } finally {
        clock.restore();
      }
    });
  });

  describe('the error of the drop', () => {
    it('is the last error of connecting', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   a|                ');
        const statesOfOne = '    ---#              ';
        const statesOfTwo = '    -----#            ';
        const expected = '       20ms (e|)         ';
        const one = fakeConnection<string>(statesOfOne, '(r|)', { error: 'of one' });
        const two = fakeConnection<string>(statesOfTwo, '(r|)', { error: 'of two' });

        const balanced$ = source$.pipe(
          loadBalance([one, two], { maxAttempts: 2, timeout: { wait: 10 }, reconnectDelay: 6 }),
          map((outcome) => !isDelivered(outcome) && outcome.error),
        );
        // One breaks at 3 and 12, two at 5 and 16.
        expectObservable(balanced$).toBe(expected, { e: 'of two' });
      });
    });

    it('is a TimeoutError when connecting took too long', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   a|                ');
        const expected = '       200ms (e|)        ';
        const one = fakeConnection<string>('c', '(r|)');

        const balanced$ = source$.pipe(
          loadBalance([one], { maxAttempts: 2, timeout: 100, reconnectDelay: 1_000 }),
          map((outcome) => !isDelivered(outcome) && outcome.error instanceof TimeoutError),
        );
        expectObservable(balanced$).toBe(expected, { e: true });
      });
    });

    it('is not that of the failed attempts, which are listed with their number', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   a|                ');
        const states = '         -u--#             ';
        const expected = '       --------------(o|)';
        const one = fakeConnection<string>(states, '-#', { name: 'one', error: 'broken' });
        const dead = fakeConnection<string>('-----#', '(r|)', { name: 'dead', error: 'refused' });

        const balanced$ = source$.pipe(
          loadBalance([one, dead], { maxAttempts: 2, timeout: { wait: 12 }, reconnectDelay: 100 }),
        );
        expectObservable(balanced$).toBe(expected, {
          o: {
            status: 'dropped',
            event: 'a',
            reason: 'no-connection',
            error: 'refused',
            attempts: 1,
            failures: [{ connection: 'one', error: 'broken' }],
          },
        });
      });
    });
  });

  describe('when a connection comes up', () => {
    it('starts over, and used-up waits are forgotten', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        // b waits behind a from 0 to 15, uses up one wait of 10, and all that is forgotten at 15.
        const source$ = cold('   (ab|)                                       ');
        const states = '         d 14ms u--d                                 ';
        const answer$ = cold('   ----------(r|)                              ');
        const answerSubs = '     - 14ms ^--!                                 ';
        const pulled = '         - 14ms a                                    ';
        const expected = '       - 14ms --- 10ms A 9ms (B|)                  ';
        const one = fakeConnection<string>(states, () => answer$);

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('starts over every time: short outages drop nothing, however many there are', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)                                       ');
        const states = '         d 14ms ud 14ms ud 14ms ud 14ms u            ';
        const window = cold('    0 59ms 2                                    ', { 0: 0, 2: 2 });
        const pulled = '         63ms (ab)                                   ';
        const expected = '       65ms (ab|)                                  ';
        const one = fakeConnection<string>(states, '--(r|)', { window });

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('starts over also when it goes down again in the frame in which an event arrives', () => {
      run(({ hot, expectObservable }) => {
        const source$ = hot('    -a 8ms b|                                   ');
        const states = '         d 9ms (ud)                                  ';
        const expected = '       - 29ms (AB|)                                ';
        const one = fakeConnection<string>(states, '(r|)', { window: 0 });

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
      });
    });

    it('starts over also for one that takes no events at the moment', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   a|                                          ');
        const states = '         d 14ms u 29ms d                             ';
        const expected = '       - 14ms - 29ms 20ms (A|)                     ';
        const one = fakeConnection<string>(states, '--(r|)', { window: 0 });

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
      });
    });
  });

  describe('while one is up', () => {
    it('drops nothing from a queue behind a busy connection', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)                               ');
        const pulled = '         a 49ms b 49ms c                      ';
        const expected = '       50ms a 49ms b 49ms (c|)              ';
        const one = fakeConnection<string>('u', '50ms (r|)');
        const two = fakeConnection<string>('d', '(r|)');

        const balanced$ = source$.pipe(loadBalance([one, two], { maxAttempts: 1, timeout: { wait: 5 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('drops nothing while the only one pauses', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   (ab|)                                ');
        const expected = '       52ms b(a|)                           ';
        const full = new TemporaryError('full', { retryAfter: 50 });
        const one = fakeConnection<string>('u', (event, { attempt }) =>
          event === 'a' && attempt === 1 ? cold('-#', undefined, full) : cold('-(r|)'),
        );

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 2, timeout: { wait: 5 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
      });
    });
  });

  describe('an event that has used up attempts', () => {
    it('expires earlier', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)                               ');
        const states = '         u--d                                 ';
        const pulled = '         (ab)                                 ';
        const expected = '       --- 20ms (AB) 6ms (C|)               ';
        const one = fakeConnection<string>(states, '-----(r|)', { window: 2 });

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 3, timeout: { wait: 10 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('waits from the moment that none is up, also when it was put back before', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold('   a|                                   ');
        const states = '         u 9ms d                              ';
        const full = new TemporaryError('full', { retryAfter: 1_000 });
        const answer$ = cold('   -#                                   ', undefined, full);
        const answerSubs = '     ^!                                   ';
        const expected = '       30ms (A|)                            ';
        const one = fakeConnection<string>(states, () => answer$);

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 3, timeout: { wait: 10 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
      });
    });

    it('waits anew after every attempt', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a|                                   ');
        const states = '         u--d 14ms u--d                       ';
        const pulled = '         a 17ms a                             ';
        const expected = '       21ms 10ms (A|)                       ';
        const one = fakeConnection<string>(states, '-----(r|)');

        const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 3, timeout: { wait: 10 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });
  });

  describe('guaranteed events', () => {
    it('wait without limit, and keep no limited event from expiring', () => {
      run(({ cold, expectObservable }) => {
        const source$ = cold('   (agb|)                        ');
        const states = '         d 99ms u                      ';
        const expected = '       20ms (AB) 76ms (g|)           ';
        const one = fakeConnection<string>(states, '(r|)');

        const balanced$ = source$.pipe(
          loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 }, guaranteed }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
      });
    });

    it('keep their place ahead of those that come later', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   ag 28ms b--hc|                ');
        const states = '         d 39ms u                      ';
        const pulled = '         - 39ms g-b-h-c                ';
        const expected = '       20ms A 21ms g-b-h-(c|)        ';
        const one = fakeConnection<string>(states, '--(r|)');

        const balanced$ = source$.pipe(
          loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 }, guaranteed }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('keep their place ahead of those that were put back again before', () => {
      run(({ cold, expectObservable, flush }) => {
        // All but c are guaranteed. a and b are cancelled at 2 and at 6; c has waited long enough at 26.
        const source$ = cold('   (abgc|)                       ');
        const states = '         u-d-u-d 39ms u                ';
        const pulled = '         (ab)(ab) 38ms (ga)-b          ';
        const expected = '       26ms C 24ms (ga)-(b|)         ';
        const one = fakeConnection<string>(states, '-----(r|)', { window: 2 });

        const balanced$ = source$.pipe(
          loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 }, guaranteed: (event) => event !== 'c' }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });
  });

  it('deals with a queue of guaranteed and limited, new and failed events', () => {
    run(({ cold, expectObservable, flush }) => {
      // a and g are cancelled at 3 and wait as retries; b and h are new.
      const source$ = cold('   (agbh|)                         ');
      const states = '         u--d 99ms u                     ';
      const pulled = '         (ag) 99ms (gh)                  ';
      const expected = '       13ms A 9ms B 84ms (gh|)         ';
      const one = fakeConnection<string>(states, '-----(r|)', { window: 2 });

      const balanced$ = source$.pipe(
        loadBalance([one], { maxAttempts: 2, timeout: { wait: 10 }, guaranteed }),
      );
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      flush();
      expect(sends(one)).to.deep.equal(diagram(pulled));
    });
  });

  it('drops each event in its time when those before it have been dropped', () => {
    run(({ cold, expectObservable }) => {
      const source$ = cold('   a----b------c------------|');
      const expected = '       ----------A----B------C--|';
      const one = fakeConnection<string>('d', '(r|)');

      const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 1, timeout: { wait: 10 } }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
    });
  });

  it('drops each failed event when its own attempts are used up', () => {
    run(({ cold, expectObservable, flush }) => {
      // a fails on one, and is cancelled on two at 5; b is cancelled on one at 3.
      const source$ = cold('   a-b----------------------|');
      const expected = '       15ms A 9ms (B|)           ';
      const error = new TemporaryError('again', { retryAfter: 0 });
      const failing = cold('   -#', undefined, error);
      const one = fakeConnection<string>('u--d', (event) => (event === 'a' ? failing : NEVER), {
        name: 'one',
      });
      const two = fakeConnection<string>('u----d', '-', { name: 'two' });

      const balanced$ = source$.pipe(loadBalance([one, two], { timeout: { wait: 10 } }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      flush();
      expect(sends(one)).to.deep.equal(diagram('a-b'));
      expect(sends(two)).to.deep.equal(diagram('-a'));
    });
  });

  it('says so in the error, when no connection has failed', () => {
    run(({ cold, expectObservable }) => {
      const source$ = cold('   a|');
      const expected = '       -----(x|)';
      const one = fakeConnection<string>('d', '(r|)');

      const errors$ = source$.pipe(
        loadBalance([one], { maxAttempts: 1, timeout: { wait: 5 } }),
        map((outcome) => isDropped(outcome) && String(outcome.error)),
      );
      expectObservable(errors$).toBe(expected, { x: 'Error: no connection is up' });
    });
  });
});
