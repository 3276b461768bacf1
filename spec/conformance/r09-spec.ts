/** R9: what is in flight on a connection that is no longer up is cancelled, and put back at once. */
import { expect } from 'chai';
import { concat, defer, finalize, map, merge, NEVER, of, Subject } from 'rxjs';
import { isDelivered, loadBalance, type CancelSignal, type Connection } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';

const waysDown = [
  ['goes down', 'd'],
  ['connects again', 'c'],
  ['breaks', '#'],
] as const;

describe('R9: what is in flight on a connection that is no longer up', () => {
  for (const [happens, state] of waysDown) {
    describe(`when it ${happens}`, () => {
      it('is cancelled', () => {
        run(({ cold, expectObservable, expectSubscriptions }) => {
          const source = cold('            a|');
          const states = `                 u--${state}`;
          const answer = cold('            ----(r|)');
          const subs = '                   ^--!';
          const spareStates = '            c----u';
          const spareAnswer = '                 -(r|)';
          const expected = '               ------(a|)';
          const flaky = fakeConnection<string>(states, () => answer, { name: 'flaky' });
          const spare = fakeConnection<string>(spareStates, spareAnswer, { name: 'spare' });
          const result$ = source.pipe(loadBalance([flaky, spare], { reconnectDelay: 100 }), inShort);
          expectObservable(result$).toBe(expected, { a: 'a@spare 2' });
          expectSubscriptions(answer.subscriptions).toBe(subs);
        });
      });

      it('has used an attempt', () => {
        run(({ cold, expectObservable }) => {
          const source = cold('            a|');
          const states = `                 u--${state}`;
          const answer = '                 ----(r|)';
          const expected = '               ---(a|)';
          const flaky = fakeConnection<string>(states, answer);
          const options = { maxAttempts: 1, reconnectDelay: 100 };
          expectObservable(source.pipe(loadBalance([flaky], options), inShort)).toBe(expected, {
            a: 'a attempts 1',
          });
        });
      });

      it('is put back at once: another connection takes it in the same frame', () => {
        run(({ cold, expectObservable, flush }) => {
          const source = cold('            a|');
          const states = `                 u--${state}`;
          const answer = '                 ----(r|)';
          const spareStates = '            cu';
          const spareAnswer = '               --(r|)';
          const expected = '               -----(a|)';
          const flaky = fakeConnection<string>(states, answer);
          const spare = fakeConnection<string>(spareStates, spareAnswer, { name: 'spare' });
          const result$ = source.pipe(loadBalance([flaky, spare], { reconnectDelay: 100 }), inShort);
          expectObservable(result$).toBe(expected, { a: 'a@spare 2' });
          flush();
          expect(spare.sent).to.deep.equal([{ frame: 3, event: 'a', attempt: 2 }]);
        });
      });

      it('is put back before anyone pulls, all of it, oldest first', () => {
        run(({ cold, expectObservable, flush }) => {
          const source = cold('            (abcd|)');
          const states = `                 u--${state}`;
          const answers = { a: '           -(r|)', others: '-----(r|)' };
          const spareStates = '            c-u';
          const spareAnswer = '               -|';
          const expected = '               -a--(bcd|)';
          const flaky = fakeConnection<string>(
            states,
            (event) => cold(event === 'a' ? answers.a : answers.others),
            { name: 'flaky', window: 3 },
          );
          const spare = fakeConnection<string, string>(spareStates, spareAnswer, {
            name: 'spare',
            batch: { size: 10 },
          });
          const result$ = source.pipe(loadBalance([flaky, spare], { reconnectDelay: 100 }), inShort);
          expectObservable(result$).toBe(expected, {
            a: 'a@flaky 1',
            b: 'b@spare 2',
            c: 'c@spare 2',
            d: 'd@spare 2',
          });
          flush();
          expect(spare.sent).to.deep.equal([{ frame: 3, event: ['b', 'c', 'd'], attempt: 2 }]);
        });
      });

      it('sees its signal aborted', () => {
        run(({ cold, expectObservable, flush }) => {
          const source = cold('            a|');
          const states = `                 u--${state}`;
          const expected = '               ---(a|)';
          let signal: CancelSignal | undefined;
          const flaky = fakeConnection<string>(states, (_event, context) => {
            ({ signal } = context);
            return NEVER;
          });
          const options = { maxAttempts: 1, reconnectDelay: 100 };
          expectObservable(source.pipe(loadBalance([flaky], options), inShort)).toBe(expected, {
            a: 'a attempts 1',
          });
          flush();
          expect(signal?.aborted).to.equal(true);
        });
      });
    });
  }

  it('fails with the error of the state', () => {
    run(({ cold, expectObservable }) => {
      const source = cold('            a|');
      const states = '                 u--#';
      const expected = '               ---(a|)';
      const broken = new Error('broken');
      const flaky = fakeConnection<string>(states, () => NEVER, { name: 'flaky', error: broken });
      const result$ = source.pipe(loadBalance([flaky], { maxAttempts: 1, reconnectDelay: 100 }));
      expectObservable(result$).toBe(expected, {
        a: {
          status: 'dropped',
          event: 'a',
          reason: 'attempts',
          error: broken,
          attempts: 1,
          failures: [{ connection: 'flaky', error: broken }],
        },
      });
    });
  });

  it('fails with an error that names the connection when the state only leaves up', () => {
    run(({ cold, expectObservable }) => {
      const source = cold('            a|');
      const states = '                 u--d';
      const expected = '               ---(a|)';
      const flaky = fakeConnection<string>(states, () => NEVER, { name: 'flaky' });
      const message$ = source.pipe(
        loadBalance([flaky], { maxAttempts: 1 }),
        map((outcome) =>
          !isDelivered(outcome) && outcome.error instanceof Error ? outcome.error.message : '',
        ),
      );
      expectObservable(message$).toBe(expected, { a: 'connection "flaky" is no longer up' });
    });
  });

  it('is not disturbed by a state that repeats up', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('            a|');
      const states = '                 u-uu';
      const answer = cold('            ----(r|)');
      const subs = '                   ^---!';
      const expected = '               ----(a|)';
      const steady = fakeConnection<string>(states, () => answer);
      expectObservable(source.pipe(loadBalance([steady]), inShort)).toBe(expected, { a: 'a@fake 1' });
      expectSubscriptions(answer.subscriptions).toBe(subs);
    });
  });

  it('is not disturbed by another connection that goes down', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('            (ab|)');
      const states = '                 u--d----u';
      const goodStates = '             u';
      const goodAnswer = cold('        -----(r|)');
      const goodSubs = ['              ^----!', '-----^----!'];
      const expected = '               -----b----(a|)';
      const flaky = fakeConnection<string>(states, () => NEVER, { name: 'flaky' });
      const good = fakeConnection<string>(goodStates, () => goodAnswer, { name: 'good' });
      expectObservable(source.pipe(loadBalance([flaky, good]), inShort)).toBe(expected, {
        a: 'a@good 2',
        b: 'b@good 1',
      });
      expectSubscriptions(goodAnswer.subscriptions).toBe(goodSubs);
    });
  });

  it('is sent anew when the state flaps within one frame', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('            a|');
      const states = '                 u--(dudu)';
      const answer = cold('            ----(r|)');
      const subs = ['                  ^--!', '---(^!)', '---^---!'];
      const expected = '               -------(a|)';
      const flaky = fakeConnection<string>(states, () => answer);
      expectObservable(source.pipe(loadBalance([flaky]), inShort)).toBe(expected, { a: 'a@fake 3' });
      expectSubscriptions(answer.subscriptions).toBe(subs);
    });
  });

  it('is sent elsewhere only after the teardown of its send and of its connection', () => {
    run(({ cold, expectObservable, flush }) => {
      const log: string[] = [];
      const source = cold('            a|');
      const states = cold<'up'>('      u--#', { u: 'up' });
      const spareStates = '            cu';
      const spareAnswer = cold('          -(r|)');
      const expected = '               ----(a|)';
      const flaky: Connection<string, string> = {
        name: 'flaky',
        state$: states.pipe(finalize(() => log.push('closed'))),
        send: () => NEVER.pipe(finalize(() => log.push('cancelled'))),
      };
      const spare = fakeConnection<string>(
        spareStates,
        (event) => {
          log.push(`spare takes ${event}`);
          return spareAnswer;
        },
        { name: 'spare' },
      );
      const result$ = source.pipe(loadBalance([flaky, spare], { reconnectDelay: 100 }), inShort);
      expectObservable(result$).toBe(expected, { a: 'a@spare 2' });
      flush();
      expect(log.slice(0, 2)).to.have.members(['closed', 'cancelled']);
      expect(log.slice(2)).to.deep.equal(['spare takes a']);
    });
  });

  it('is sent again on its own connection only after the teardown, however fast that reopens', () => {
    run(({ cold, expectObservable, flush }) => {
      const log: string[] = [];
      const source = cold('            a|');
      const breaks$ = cold<never>('    ---#');
      const answer = cold('               --(r|)');
      const expected = '               -----(a|)';
      let openings = 0;
      const flaky: Connection<string, string> = {
        name: 'flaky',
        state$: defer(() => {
          log.push('opened');
          return concat(of('up' as const), ++openings === 1 ? breaks$ : NEVER);
        }).pipe(finalize(() => log.push('closed'))),
        send: (_event, { attempt }) => {
          log.push(`attempt ${attempt}`);
          return attempt === 1 ? NEVER.pipe(finalize(() => log.push('cancelled'))) : answer;
        },
      };
      const result$ = source.pipe(loadBalance([flaky], { reconnectDelay: () => of(0) }), inShort);
      expectObservable(result$).toBe(expected, { a: 'a@flaky 2' });
      flush();
      expect(log.slice(0, 2)).to.deep.equal(['opened', 'attempt 1']);
      expect(log.slice(2, 4)).to.have.members(['closed', 'cancelled']);
      expect(log.slice(4)).to.deep.equal(['opened', 'attempt 2', 'closed']);
    });
  });

  it('is put back before anyone pulls, also when a teardown brings a new event', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('            (ab)-');
      const states = '                 u--d';
      const spareStates = '            c-u';
      const spareAnswer = '               -|';
      const expected = '               ----(xyz)';
      const unsub = '                  -----!';
      const extra$ = new Subject<string>();
      const flaky = fakeConnection<string>(
        states,
        (event) =>
          NEVER.pipe(
            finalize(() => {
              if (event === 'a') {
                extra$.next('c');
              }
            }),
          ),
        { name: 'flaky', window: 2 },
      );
      const spare = fakeConnection<string, string>(spareStates, spareAnswer, {
        name: 'spare',
        batch: { size: 10 },
      });
      const result$ = merge(source, extra$).pipe(loadBalance([flaky, spare]), inShort);
      expectObservable(result$, unsub).toBe(expected, { x: 'a@spare 2', y: 'b@spare 2', z: 'c@spare 1' });
      flush();
      expect(spare.sent).to.deep.equal([{ frame: 3, event: ['a', 'b', 'c'], attempt: 2 }]);
    });
  });

  it('is put back after all sends of the connection have been torn down', () => {
    run(({ cold, expectObservable, flush }) => {
      const log: string[] = [];
      const source = cold('            (ab|)');
      const states = '                 u--d';
      const spareStates = '            cu';
      const spareAnswer = cold('          -(r|)');
      const expected = '               ----a(b|)';
      const flaky = fakeConnection<string>(
        states,
        (event) => NEVER.pipe(finalize(() => log.push(`cancelled ${event}`))),
        { window: 2 },
      );
      const spare = fakeConnection<string>(
        spareStates,
        (event) => {
          log.push(`spare takes ${event}`);
          return spareAnswer;
        },
        { name: 'spare' },
      );
      expectObservable(source.pipe(loadBalance([flaky, spare]), inShort)).toBe(expected, {
        a: 'a@spare 2',
        b: 'b@spare 2',
      });
      flush();
      expect(log).to.deep.equal(['cancelled a', 'cancelled b', 'spare takes a', 'spare takes b']);
    });
  });

  it('is dropped when that was its last attempt, also where waiting has a limit', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('                (ab)');
      const expected = '                   ---a------b';
      const unsub = '                      20ms !';
      const flaky = fakeConnection<string>('u--d', '-');
      const options = { maxAttempts: 1, timeout: { wait: 7 }, reconnectDelay: 2 };
      expectObservable(source.pipe(loadBalance([flaky], options), inShort), unsub).toBe(expected, {
        a: 'a attempts 1',
        b: 'b no-connection 0',
      });
      flush();
      expect(flaky.opened).to.deep.equal([0]);
    });
  });
});
