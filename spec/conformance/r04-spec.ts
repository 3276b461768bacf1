/** R4: a retry avoids the connections it has failed on. */
import { expect } from 'chai';
import { ignoreElements, interval, NEVER, range, take } from 'rxjs';
import { isDropped, loadBalance, TemporaryError, type Outcome } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { diagram, drawn, run, sends } from '../marbles.js';

/** Fails the attempt, and neither closes nor pauses the connection. */
const again = new TemporaryError('again', { retryAfter: 0 });

/** Fails the attempt, and pauses the connection. */
const pause = new TemporaryError('pause', { retryAfter: 50 });

describe('R4: a retry avoids the connections it has failed on', () => {
  describe('while one that it has not failed on is up', () => {
    it('waits for that, although it is busy', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   (ab|)          ');
        const failing$ = cold('  -#             ', undefined, again);
        const failingSubs = '    ^!             ';
        const pulledByGood = '   b-----a        ';
        const expected = '       ------b-----(a|)';
        const bad = fakeConnection<string>('u', () => failing$);
        const good = fakeConnection<string>('u', '------(r|)');

        expectObservable(source$.pipe(loadBalance([bad, good]), drawn)).toBe(expected);
        expectSubscriptions(failing$.subscriptions).toBe(failingSubs);
        flush();
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });

    it('does so after every failure, until it has failed on all of them', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a|         ');
        const pulledByOne = '    a          ';
        const pulledByTwo = '    -a         ';
        const pulledByThree = '  --a        ';
        const expected = '       ---(A|)    ';
        const bad = (): ReturnType<typeof fakeConnection<string>> =>
          fakeConnection<string>('u', () => cold('-#', undefined, again));
        const [one, two, three] = [bad(), bad(), bad()];

        expectObservable(source$.pipe(loadBalance([one, two, three]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulledByOne));
        expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
        expect(sends(three)).to.deep.equal(diagram(pulledByThree));
      });
    });

    it('waits for that also when one of those that it failed on is no longer up', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)            ');
        const pulledByOne = '    a                ';
        const pulledByTwo = '    -a               ';
        const pulledByGood = '   b-------a        ';
        const expected = '       --------b-------(a|)';
        const one = fakeConnection<string>('u', '-#');
        const two = fakeConnection<string>('u', () => cold('-#', undefined, again));
        const good = fakeConnection<string>('u', '--------(r|)');

        const balanced$ = source$.pipe(loadBalance([one, good, two], { reconnectDelay: 100 }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulledByOne));
        expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });

    it('lets the connection that it avoids take other events', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab)c|                ');
        const pulledByBad = '    a---c                 ';
        const pulledByGood = '   b---------a           ';
        const expected = '       ----------bc--------(a|)';
        const bad = fakeConnection<string>('u', (event) =>
          event === 'a' ? cold('-#', undefined, again) : cold('-------(r|)'),
        );
        const good = fakeConnection<string>('u', '----------(r|)');

        expectObservable(source$.pipe(loadBalance([bad, good]), drawn)).toBe(expected);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });

    it('goes where it failed when it has failed everywhere', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a|           ');
        const pulled = '         aaa          ';
        const expected = '       ---(A|)      ';
        const one = fakeConnection<string>('u', () => cold('-#', undefined, again));

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('goes where it failed when the other is not up', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a|           ');
        const pulled = '         aa           ';
        const expected = '       --(a|)       ';
        const one = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('-#', undefined, again) : cold('-(r|)'),
        );
        const two = fakeConnection<string>('d', '-(r|)');

        expectObservable(source$.pipe(loadBalance([one, two]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
        expect(two.sent).to.deep.equal([]);
      });
    });

    it('counts a send that a change of state cancelled as a failure', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)           ');
        const states = '         u--d-u          ';
        const pulledByOne = '    a               ';
        const pulledByTwo = '    b---------a     ';
        const expected = '       ----------b---------(a|)';
        const one = fakeConnection<string>(states, '----(r|)');
        const two = fakeConnection<string>('u', '----------(r|)');

        expectObservable(source$.pipe(loadBalance([one, two]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulledByOne));
        expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
      });
    });

    it('counts one that has delivered another event since as one that it has not failed on', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (xyzw)          ');
        const pulledByOne = '    xy              ';
        const pulledByTwo = '    --xzw           ';
        const failsLate = cold(' ------#         ', undefined, again);
        const failing = cold('   -#              ', undefined, again);
        const one = fakeConnection<string>('u', (event) => (event === 'x' ? failing : failsLate));
        const two = fakeConnection<string>('--u', (event) =>
          event === 'x' ? failing : event === 'z' ? cold('-(r|)') : NEVER,
        );

        expectObservable(source$.pipe(loadBalance([one, two]), ignoreElements()), '----------!').toBe('');
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulledByOne));
        expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
      });
    });
  });

  describe('for at most one timeout.send', () => {
    it('then takes any connection', () => {
      run(({ cold, expectObservable, flush }) => {
        // a, c and d fail at 1; good is busy with b until 4, and with a until 8. At 6, 5 ms are over.
        const source$ = cold('   (abcd|)        ');
        const pulledByBad = '    (acd)-cd       ';
        const pulledByGood = '   b---a          ';
        const expected = '       ----b--c(ad|)  ';
        const bad = fakeConnection<string>(
          'u',
          (_event, { attempt }) => (attempt === 1 ? cold('-#', undefined, again) : cold('-(r|)')),
          { window: 3 },
        );
        const good = fakeConnection<string>('u', '----(r|)');

        const balanced$ = source$.pipe(loadBalance([bad, good], { timeout: { send: 5 } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });

    it('waits on with timeout.send at Infinity', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)             ');
        const pulledByGood = '   b 59999ms a       ';
        const expected = '       60s b 59999ms (a|)';
        const bad = fakeConnection<string>('u', () => cold('-#', undefined, again));
        const good = fakeConnection<string>('u', '60s (r|)');

        const balanced$ = source$.pipe(loadBalance([bad, good], { timeout: { send: Infinity } }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(bad.sent).to.have.length(1);
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });
  });

  describe('a success in between', () => {
    it('clears the connection, whichever event it was', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   (abc|)           ');
        const pulledByBad = '    (ac)a            ';
        const pulledByGood = '   b                ';
        const good$ = cold('     ----------(r|)   ');
        const goodSubs = '       ^---------!      ';
        const expected = '       ----c-a---(b|)   ';
        const bad = fakeConnection<string>(
          'u',
          (event, { attempt }) =>
            event === 'a'
              ? attempt === 1
                ? cold('-#', undefined, again)
                : cold('--(r|)')
              : cold('----(r|)'),
          { window: 2 },
        );
        const good = fakeConnection<string>('u', () => good$);

        expectObservable(source$.pipe(loadBalance([bad, good]), drawn)).toBe(expected);
        expectSubscriptions(good$.subscriptions).toBe(goodSubs);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });

    it('clears nothing when it was before the failure', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   cb-a|            ');
        const pulledByBad = '    c--a             ';
        const pulledByGood = '   -b---------a     ';
        const expected = '       --c--------b---------(a|)';
        const bad = fakeConnection<string>('u', (event) =>
          event === 'a' ? cold('-#', undefined, again) : cold('--(r|)'),
        );
        const good = fakeConnection<string>('u', '----------(r|)');

        expectObservable(source$.pipe(loadBalance([bad, good]), drawn)).toBe(expected);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });
  });

  describe('a connection that pauses', () => {
    it('is not waited for', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (xa|)          ');
        const pulledByGood = '   x              ';
        const pulledByBad = '    a-a            ';
        const expected = '       -X--(a|)       ';
        const good = fakeConnection<string>('u', () => cold('-#', undefined, pause));
        const bad = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('--#', undefined, again) : cold('--(r|)'),
        );

        const balanced$ = source$.pipe(
          loadBalance([good, bad], { maxAttempts: 1, guaranteed: (event) => event === 'a' }),
        );
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
      });
    });

    it('is not waited for with a window of 0 either', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a|             ');
        const pulledByBad = '    a-a            ';
        const expected = '       ----(a|)       ';
        const closed = fakeConnection<string>('u', '-(r|)', { window: 0 });
        const bad = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('--#', undefined, again) : cold('--(r|)'),
        );

        expectObservable(source$.pipe(loadBalance([closed, bad]), drawn)).toBe(expected);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
      });
    });
  });

  describe('a retry that is held back', () => {
    const limits = { maxAttempts: 1, guaranteed: (event: string): boolean => event === 'a' };

    it('is woken when the last other connection pauses', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)          ');
        const pulledByBad = '    a---a          ';
        const pulledByGood = '   b              ';
        const expected = '       ----B-(a|)     ';
        const bad = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('-#', undefined, again) : cold('--(r|)'),
        );
        const good = fakeConnection<string>('u', () => cold('----#', undefined, pause));

        expectObservable(source$.pipe(loadBalance([bad, good], limits), drawn)).toBe(expected);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });

    for (const [what, states] of [
      ['goes down', '       u---d'],
      ['is connecting', '   u---c'],
      ['breaks', '          u---#'],
    ] as const) {
      it(`is woken when the last other connection ${what}`, () => {
        run(({ cold, expectObservable, expectSubscriptions, flush }) => {
          const source$ = cold('   (ab|)          ');
          const pulledByBad = '    a---a          ';
          const good$ = cold('     ----------(r|) ');
          const goodSubs = '       ^---!          ';
          const expected = '       ----B-(a|)     ';
          const bad = fakeConnection<string>('u', (_event, { attempt }) =>
            attempt === 1 ? cold('-#', undefined, again) : cold('--(r|)'),
          );
          const good = fakeConnection<string>(states, () => good$);

          expectObservable(source$.pipe(loadBalance([bad, good], limits), drawn)).toBe(expected);
          expectSubscriptions(good$.subscriptions).toBe(goodSubs);
          flush();
          expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
        });
      });
    }

    it('is woken when the window of the last other connection becomes 0', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)          ');
        const window = cold('    1---0          ', { 0: 0, 1: 1 });
        const pulledByBad = '    a---a          ';
        const expected = '       ------a---(b|) ';
        const bad = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('-#', undefined, again) : cold('--(r|)'),
        );
        const good = fakeConnection<string>('u', '----------(r|)', { window });

        expectObservable(source$.pipe(loadBalance([bad, good], limits), drawn)).toBe(expected);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
      });
    });

    it('is not woken when one of two others goes down', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)          ');
        const states = '              u---d      ';
        const pulledByBad = '    a               ';
        const pulledByGood = '   c---------a     ';
        const expected = '       ----B-----c---------(a|)';
        const bad = fakeConnection<string>('u', () => cold('-#', undefined, again));
        const flaky = fakeConnection<string>(states, () => NEVER);
        const good = fakeConnection<string>('u', '----------(r|)');

        expectObservable(source$.pipe(loadBalance([bad, flaky, good], limits), drawn)).toBe(expected);
        flush();
        expect(sends(bad)).to.deep.equal(diagram(pulledByBad));
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });
  });

  describe('two black holes beside one good connection, with maxAttempts: 3', () => {
    const sources = {
      'a burst': range(1, 1_000),
      'a steady stream': interval(3).pipe(take(1_000)),
    };
    for (const [what, source$] of Object.entries(sources)) {
      for (const window of [1, 8]) {
        it(`swallow nothing of ${what}, with a window of ${window}`, () => {
          run(({ flush }) => {
            const holes = [1, 2].map(() => fakeConnection<number>('u', () => NEVER, { window }));
            const good = fakeConnection<number>('u', '-(r|)', { window });
            const outcomes: Outcome<number>[] = [];

            source$
              .pipe(
                loadBalance([...holes, good], { maxAttempts: 3, timeout: { send: 20 }, reconnectDelay: 10 }),
              )
              .subscribe((outcome) => outcomes.push(outcome));
            flush();
            expect(outcomes.filter(isDropped)).to.deep.equal([]);
            expect(outcomes).to.have.length(1_000);
            expect(holes.map(({ sent }) => sent.length)).not.to.include(0);
          });
        });
      }
    }
  });

  it('lets a connection take all that it has room for, while another one is passed over', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('     (axbcd)         ');
      const window = cold('      1--4', { 1: 1, 4: 4 });
      const failing = cold('     -#', undefined, again);
      const bad = fakeConnection<string>('u', () => failing, { name: 'bad', window: 4 });
      const good = fakeConnection<string>('u', '-', { name: 'good', window });

      expectObservable(source$.pipe(loadBalance([bad, good]), drawn), '---------!').toBe('');
      flush();
      expect(sends(bad)).to.deep.equal(diagram('(abcd)'));
      expect(sends(good)).to.deep.equal(diagram('x--(abc)'));
    });
  });
});
