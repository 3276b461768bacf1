/** R10: a connection that fails stops pulling, is closed, waits, and is opened again. */
import { expect } from 'chai';
import {
  count,
  EMPTY,
  ignoreElements,
  lastValueFrom,
  map,
  NEVER,
  of,
  range,
  throwError,
  timer,
  type Observable,
} from 'rxjs';
import { isDropped, loadBalance, RejectedError, TemporaryError } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';

describe('R10: a connection failure', () => {
  describe('after the error of a send', () => {
    it('closes the connection, waits reconnectDelay, and opens it again', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       a|');
        const failing = cold('      --#');
        const failingSubs = '       ^-!';
        const delivering = cold('        -(r|)');
        const deliveringSubs = '    -----^!';
        const expected = '          ------(a|)';
        const flaky = fakeConnection('u', (_event, { attempt }) => (attempt === 1 ? failing : delivering));
        const result$ = source.pipe(loadBalance([flaky], { reconnectDelay: 3 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2' });
        expectSubscriptions(failing.subscriptions).toBe(failingSubs);
        expectSubscriptions(delivering.subscriptions).toBe(deliveringSubs);
        flush();
        expect(flaky.opened).to.deep.equal([0, 5]);
        expect(flaky.closed).to.deep.equal([2, 6]);
      });
    });

    it('also after a send that throws at once', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       -a|');
        const expected = '          -----(a|)';
        const flaky = fakeConnection<string>('u', (_event, { attempt }) => {
          if (attempt === 1) {
            throw new Error('thrown');
          }
          return cold('-(r|)');
        });
        const result$ = source.pipe(loadBalance([flaky], { reconnectDelay: 3 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2' });
        flush();
        expect(flaky.opened).to.deep.equal([0, 4]);
        expect(flaky.closed).to.deep.equal([1, 5]);
      });
    });

    it('stops pulling, while its other sends in flight finish', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       ab-c|');
        const failing = cold('      --#');
        const answer = cold('       ----(r|)');
        const answerSubs = ['       -^---!', '-------^---!', '-----------^---!'];
        const expected = '          -----b-----c---(a|)';
        const flaky = fakeConnection<string>(
          'u',
          (event, { attempt }) => (event === 'a' && attempt === 1 ? failing : answer),
          { window: 3 },
        );
        const result$ = source.pipe(loadBalance([flaky], { reconnectDelay: 2 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2', b: 'b@fake 1', c: 'c@fake 1' });
        expectSubscriptions(answer.subscriptions).toBe(answerSubs);
        flush();
        expect(flaky.opened).to.deep.equal([0, 7]);
        expect(flaky.closed).to.deep.equal([5, 15]);
      });
    });

    it('lets each of them finish within its own timeout, and waits only then', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       abc--');
        const failing = cold('      --#');
        const silent = cold('       -------------');
        const silentSubs = ['       -^----!', '--^----!'];
        const expected = '          --a---bc---';
        const unsub = '             ----------!';
        const flaky = fakeConnection<string>('u', (event) => (event === 'a' ? failing : silent), {
          window: 3,
        });
        const options = { maxAttempts: 1, timeout: { send: 5 }, reconnectDelay: 2 };
        expectObservable(source.pipe(loadBalance([flaky], options), inShort), unsub).toBe(expected, {
          a: 'a attempts 1',
          b: 'b attempts 1',
          c: 'c attempts 1',
        });
        expectSubscriptions(silent.subscriptions).toBe(silentSubs);
        flush();
        expect(flaky.opened).to.deep.equal([0, 9]);
        expect(flaky.closed).to.deep.equal([7, 10]);
      });
    });

    it('lets them finish until the delay is over when there is no timeout', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       (ab)--');
        const failing = cold('      --#');
        const silent = cold('       ----------');
        const silentSubs = '        ^-----!';
        const expected = '          --a---b-';
        const unsub = '             -------!';
        const flaky = fakeConnection<string>('u', (event) => (event === 'a' ? failing : silent), {
          window: 2,
        });
        const options = { maxAttempts: 1, timeout: { send: Infinity }, reconnectDelay: 4 };
        expectObservable(source.pipe(loadBalance([flaky], options), inShort), unsub).toBe(expected, {
          a: 'a attempts 1',
          b: 'b attempts 1',
        });
        expectSubscriptions(silent.subscriptions).toBe(silentSubs);
        flush();
        expect(flaky.opened).to.deep.equal([0, 6]);
        expect(flaky.closed).to.deep.equal([6, 7]);
      });
    });

    it('without a timeout, closes when they have finished, and opens when the same delay is over', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (ab)--');
        const failing = cold('      --#');
        const answer = cold('       ----(r|)');
        const expected = '          --a-b---';
        const unsub = '             -------!';
        const flaky = fakeConnection<string>('u', (event) => (event === 'a' ? failing : answer), {
          window: 2,
        });
        const options = { maxAttempts: 1, timeout: { send: Infinity }, reconnectDelay: 4 };
        expectObservable(source.pipe(loadBalance([flaky], options), inShort), unsub).toBe(expected, {
          a: 'a attempts 1',
          b: 'b@fake 1',
        });
        flush();
        expect(flaky.opened).to.deep.equal([0, 6]);
        expect(flaky.closed).to.deep.equal([4, 7]);
      });
    });

    it('is one failure, however many of its sends fail then', () => {
      run(({ cold, expectObservable, flush }) => {
        const counts: number[] = [];
        const source = cold('       (abc)-');
        const answers = { a: '      -#', b: '--#', c: '---#' };
        const expected = '          -abc---';
        const unsub = '             ------!';
        const flaky = fakeConnection<string>('u', (event) => cold(answers[event as 'a' | 'b' | 'c']), {
          window: 3,
        });
        const reconnectDelay = (_error: unknown, nth: number): Observable<number> => {
          counts.push(nth);
          return timer(2);
        };
        const result$ = source.pipe(loadBalance([flaky], { maxAttempts: 1, reconnectDelay }), inShort);
        expectObservable(result$, unsub).toBe(expected, {
          a: 'a attempts 1',
          b: 'b attempts 1',
          c: 'c attempts 1',
        });
        flush();
        expect(counts).to.deep.equal([1]);
        expect(flaky.opened).to.deep.equal([0, 5]);
        expect(flaky.closed).to.deep.equal([3, 6]);
      });
    });

    it('is one failure, when the state leaves up while they finish', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const asked: unknown[] = [];
        const states = '            u--d';
        const source = cold('       (ab)---');
        const refused = new Error('refused');
        const failing = cold('      -#', {}, refused);
        const slow = cold('         -----(r|)');
        const slowSubs = '          ^--!';
        const expected = '          -a-b---';
        const unsub = '             ------!';
        const flaky = fakeConnection<string>(states, (event) => (event === 'a' ? failing : slow), {
          window: 2,
        });
        const reconnectDelay = (error: unknown, nth: number): Observable<number> => {
          asked.push([error, nth]);
          return timer(2);
        };
        const result$ = source.pipe(loadBalance([flaky], { maxAttempts: 1, reconnectDelay }), inShort);
        expectObservable(result$, unsub).toBe(expected, { a: 'a attempts 1', b: 'b attempts 1' });
        expectSubscriptions(slow.subscriptions).toBe(slowSubs);
        flush();
        expect(asked).to.deep.equal([[refused, 1]]);
        expect(flaky.opened).to.deep.equal([0, 5]);
        expect(flaky.closed).to.deep.equal([3, 6]);
      });
    });

    it('puts the failed event back at once, for another connection, and the others go on', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       ab-c|');
        const failing = cold('      --#');
        const failingSubs = '       ^-!';
        const slow = cold('          ----(r|)');
        const slowSubs = '          -^---!';
        const good = cold('           --(r|)');
        const goodSubs = ['         --^-!', '----^-!'];
        const expected = '          ----ab(c|)';
        const flaky = fakeConnection<string>('u', (event) => (event === 'a' ? failing : slow), {
          name: 'flaky',
          window: 2,
        });
        const spare = fakeConnection('-u', () => good, { name: 'spare' });
        const result$ = source.pipe(loadBalance([flaky, spare], { reconnectDelay: 100 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@spare 2', b: 'b@flaky 1', c: 'c@spare 1' });
        expectSubscriptions(failing.subscriptions).toBe(failingSubs);
        expectSubscriptions(slow.subscriptions).toBe(slowSubs);
        expectSubscriptions(good.subscriptions).toBe(goodSubs);
        flush();
        expect(flaky.closed).to.deep.equal([5]);
      });
    });

    it('sends the failed event on in the frame of its failure', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a|');
        const failing = '           --#';
        const good = '                -(r|)';
        const expected = '          ---(a|)';
        const flaky = fakeConnection<string>('u', failing, { name: 'flaky' });
        const spare = fakeConnection<string>('-u', good, { name: 'spare' });
        const result$ = source.pipe(loadBalance([flaky, spare], { reconnectDelay: 100 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@spare 2' });
        flush();
        expect(spare.sent).to.deep.equal([{ frame: 2, event: 'a', attempt: 2 }]);
      });
    });

    it('is what classify calls one, whatever the class of the error', () => {
      run(({ cold, expectObservable, flush }) => {
        const seen: unknown[] = [];
        const rejected = new RejectedError('rejected');
        const source = cold('       a|');
        const failing = cold('      -#', {}, rejected);
        const delivering = cold('       -(r|)');
        const expected = '          -----(a|)';
        const flaky = fakeConnection<string>(
          'u',
          (_event, { attempt }) => (attempt === 1 ? failing : delivering),
          {
            classify: (error, event) => {
              seen.push(error, event);
              return 'connection';
            },
          },
        );
        const result$ = source.pipe(loadBalance([flaky], { reconnectDelay: 3 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2' });
        flush();
        expect(seen).to.deep.equal([rejected, 'a']);
        expect(flaky.opened).to.deep.equal([0, 4]);
      });
    });
  });

  describe('after an error of the state', () => {
    it('does the same', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const states = '            u--#';
        const source = cold('       a|');
        const silent = cold('       ------');
        const silentSubs = '        ^--!';
        const good = '                 --(r|)';
        const expected = '          -----(a|)';
        const flaky = fakeConnection(states, () => silent, { name: 'flaky' });
        const spare = fakeConnection<string>('-u', good, { name: 'spare' });
        const result$ = source.pipe(loadBalance([flaky, spare], { reconnectDelay: 1 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@spare 2' });
        expectSubscriptions(silent.subscriptions).toBe(silentSubs);
        flush();
        expect(flaky.opened).to.deep.equal([0, 4]);
        expect(flaky.closed).to.deep.equal([3, 5]);
        expect(spare.sent).to.deep.equal([{ frame: 3, event: 'a', attempt: 2 }]);
      });
    });

    it('gives reconnectDelay the error', () => {
      run(({ expectObservable, flush }) => {
        const asked: unknown[] = [];
        const broken = new Error('broken');
        const states = '            c--#';
        const expected = '          -----';
        const unsub = '             ----!';
        const flaky = fakeConnection<string>(states, '|', { error: broken });
        const reconnectDelay = (error: unknown, nth: number): Observable<never> => {
          asked.push([error, nth]);
          return NEVER;
        };
        expectObservable(NEVER.pipe(loadBalance([flaky], { reconnectDelay })), unsub).toBe(expected);
        flush();
        expect(asked).to.deep.equal([[broken, 1]]);
      });
    });

    it('never gives up, and needs no traffic', () => {
      run(({ expectObservable, flush }) => {
        const states = '            #';
        const unsub = '             995ms !';
        const flaky = fakeConnection<string>(states, '|');
        expectObservable(NEVER.pipe(loadBalance([flaky], { reconnectDelay: 10 })), unsub).toBe('');
        flush();
        const everyTen = Array.from({ length: 100 }, (_, index) => index * 10);
        expect(flaky.opened).to.deep.equal(everyTen);
        expect(flaky.closed).to.deep.equal(everyTen);
      });
    });
  });

  describe('when it is not up within timeout.connect of connecting', () => {
    for (const [says, states] of [
      ['says connecting', 'c'],
      ['is silent', '-'],
      ['repeats that it is connecting', 'c--c--c--c'],
    ] as const) {
      it(`does the same, when it ${says}`, () => {
        run(({ expectObservable, flush }) => {
          const unsub = '           --------------------!';
          const slow = fakeConnection<string>(states, '|');
          const options = { timeout: { connect: 5 }, reconnectDelay: 3 };
          expectObservable(NEVER.pipe(loadBalance([slow], options)), unsub).toBe('');
          flush();
          expect(slow.opened).to.deep.equal([0, 8, 16]);
          expect(slow.closed).to.deep.equal([5, 13, 20]);
        });
      });
    }

    it('counts from connecting, also from a connecting after it was up', () => {
      run(({ expectObservable, flush }) => {
        const states = '            c--u---c----u';
        const unsub = '             -----------------!';
        const slow = fakeConnection<string>(states, '|');
        const options = { timeout: { connect: 4 }, reconnectDelay: 3 };
        expectObservable(NEVER.pipe(loadBalance([slow], options)), unsub).toBe('');
        flush();
        expect(slow.opened).to.deep.equal([0, 14]);
        expect(slow.closed).to.deep.equal([11, 17]);
      });
    });

    it('leaves a connection alone that comes up in time, or is down', () => {
      run(({ expectObservable, flush }) => {
        const soon = fakeConnection<string>('c---u', '|');
        const down = fakeConnection<string>('c---d', '|');
        const unsub = '             20ms !';
        const options = { timeout: { connect: 5 }, reconnectDelay: 3 };
        expectObservable(NEVER.pipe(loadBalance([soon, down], options)), unsub).toBe('');
        flush();
        expect(soon.opened).to.deep.equal([0]);
        expect(down.opened).to.deep.equal([0]);
      });
    });
  });

  describe('reconnectDelay', () => {
    it('ends with the first value of its notifier, which is then unsubscribed', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       a|');
        const failing = cold('      -#');
        const delay = cold('         --xx--');
        const delaySubs = '         -^-!';
        const delivering = cold('       -(r|)');
        const expected = '          ----(a|)';
        const flaky = fakeConnection('u', (_event, { attempt }) => (attempt === 1 ? failing : delivering));
        const result$ = source.pipe(loadBalance([flaky], { reconnectDelay: () => delay }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2' });
        expectSubscriptions(delay.subscriptions).toBe(delaySubs);
        flush();
        expect(flaky.opened).to.deep.equal([0, 3]);
      });
    });

    for (const [ends, notifier] of [
      ['completes at once', '|'],
      ['completes later', '--|'],
      ['errors at once', '#'],
      ['errors later', '--#'],
    ] as const) {
      it(`retires the connection when its notifier ${ends}`, () => {
        run(({ cold, expectObservable, flush }) => {
          const source = cold('     ab--|');
          const flakyAnswer = '     -#';
          const goodAnswer = '       -(r|)';
          const expected = '        --ba|';
          const flaky = fakeConnection<string>('u', flakyAnswer, { name: 'flaky' });
          const good = fakeConnection<string>('-u', goodAnswer, { name: 'good' });
          const options = { reconnectDelay: () => cold(notifier) };
          expectObservable(source.pipe(loadBalance([flaky, good], options), inShort)).toBe(expected, {
            a: 'a@good 2',
            b: 'b@good 1',
          });
          flush();
          expect(flaky.opened).to.deep.equal([0]);
        });
      });
    }

    it('that retires the last connection drops what is left, and what comes later', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a-b----c|');
        const failing = '           -#';
        const delay = '              --|';
        const expected = '          ---(ab)c|';
        const flaky = fakeConnection<string>('u', failing);
        const options = { reconnectDelay: () => cold(delay) };
        expectObservable(source.pipe(loadBalance([flaky], options), inShort)).toBe(expected, {
          a: 'a no-connection 1',
          b: 'b no-connection 0',
          c: 'c no-connection 0',
        });
        flush();
        expect(flaky.opened).to.deep.equal([0]);
        expect(flaky.closed).to.deep.equal([1]);
      });
    });

    it('lets sends in flight finish within their timeout before it retires the connection', () => {
      run(({ cold, expectObservable }) => {
        const source = cold('       (ab|)');
        const failing = cold('      -#');
        const slow = cold('         ----(r|)');
        const expected = '          ----(ba|)';
        const flaky = fakeConnection<string>('u', (event) => (event === 'a' ? failing : slow), { window: 2 });
        const options = { reconnectDelay: () => EMPTY };
        expectObservable(source.pipe(loadBalance([flaky], options), inShort)).toBe(expected, {
          a: 'a no-connection 1',
          b: 'b@fake 1',
        });
      });
    });
  });

  describe('of a send that fails synchronously, with a reconnectDelay that takes no time', () => {
    const atOnce = (): Observable<number> => of(0);
    const refused = new Error('refused');
    const failing = (): Observable<string> => throwError(() => refused);

    it('happens 100,000 times to one event without growing the stack', () => {
      run(({ cold, expectObservable }) => {
        const source = cold('       a|');
        const expected = '          a|';
        const options = { maxAttempts: 100_000, reconnectDelay: atOnce };
        expectObservable(source.pipe(loadBalance([failing], options), inShort)).toBe(expected, {
          a: 'a attempts 100000',
        });
      });
    }).timeout(60_000);

    it('happens once to each of 100,000 events without growing the stack', () => {
      run(({ expectObservable }) => {
        const options = { maxAttempts: 1, reconnectDelay: atOnce };
        const dropped$ = range(0, 100_000).pipe(
          loadBalance([failing], options),
          count((outcome) => isDropped(outcome) && outcome.reason === 'attempts'),
        );
        expectObservable(dropped$).toBe('(n|)', { n: 100_000 });
      });
    }).timeout(60_000);

    it('gives a timer of closeOn its turn, although the event is guaranteed', async () => {
      let sends = 0;
      // Without a turn for the timer this would go on for ever.
      const endless = (): Observable<string> => (++sends > 5_000_000 ? of('starved') : failing());
      const options = { guaranteed: true, reconnectDelay: atOnce, closeOn: timer(20) };
      const outcome = await lastValueFrom(of('a').pipe(loadBalance([endless], options)), {
        defaultValue: undefined,
      });
      expect(outcome).to.include({ status: 'dropped', reason: 'closed', attempts: sends });
    });
  });

  describe('of one send, while others are in flight that fail as well,', () => {
    for (const [kind, second] of [
      ['for good', new Error('second')],
      ['for the moment', new TemporaryError('second')],
    ] as const) {
      it(`waits once, for what came first: the others fail ${kind}`, () => {
        run(({ cold, expectObservable, flush }) => {
          const told: unknown[] = [];
          const reconnectDelay = (error: unknown, count: number): Observable<number> => {
            told.push([error, count]);
            return timer(20);
          };
          const first = new Error('first');
          const answers = { a: cold('-#', {}, first), b: cold('--#', {}, second), c: cold('---(r|)') };
          const source = cold('     (abc)');
          const unsub = '           ----------!';
          const options = { maxAttempts: 1, reconnectDelay, timeout: Infinity };
          const flaky = fakeConnection('u', (event: 'a' | 'b' | 'c') => answers[event], { window: 3 });
          const result$ = source.pipe(
            map((event) => event as 'a' | 'b' | 'c'),
            loadBalance([flaky], options),
          );
          expectObservable(result$.pipe(ignoreElements()), unsub).toBe('');
          flush();
          expect(told).to.deep.equal([[first, 1]]);
        });
      });
    }
  });

  it('stops pulling, also when a send that was in flight succeeds after it', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         (abcd)');
      const unsub = '               ------------!';
      const answers = new Map([
        ['a', cold('                -#')],
        ['b', cold('                ---(r|)')],
        ['c', cold('                -----(r|)')],
      ]);
      const flaky = fakeConnection<string>('u', (event) => answers.get(event) ?? NEVER, { window: 3 });
      const options = { maxAttempts: 1, reconnectDelay: 4 };
      expectObservable(source.pipe(loadBalance([flaky], options), ignoreElements()), unsub).toBe('');
      flush();
      expect(flaky.closed.slice(0, 1)).to.deep.equal([5]);
      expect(flaky.sent.map(({ frame, event }) => `${frame}${event}`)).to.deep.equal([
        '0a',
        '0b',
        '0c',
        '9d',
      ]);
    });
  });
});
