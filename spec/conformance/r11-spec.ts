/** R11: a temporary failure keeps the connection up and makes it pause. */
import { expect } from 'chai';
import { count, EMPTY, lastValueFrom, of, range, throwError, timer, type Observable } from 'rxjs';
import {
  isDropped,
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type SendContext,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';

/** The frames in which a connection was asked to send. */
const framesOf = (log: { readonly sent: readonly { readonly frame: number }[] }): number[] =>
  log.sent.map(({ frame }) => frame);

describe('R11: a temporary failure', () => {
  describe('with retryAfter', () => {
    it('fails the attempt, and keeps the connection up, which pauses for so long', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       a|');
        const busy = cold('         -#', {}, new TemporaryError('busy', { retryAfter: 5 }));
        const busySubs = '          ^!';
        const answer = cold('             -(r|)');
        const answerSubs = '        ------^!';
        const expected = '          -------(a|)';
        const place = fakeConnection('u', (_event, { attempt }) => (attempt === 1 ? busy : answer));
        const result$ = source.pipe(loadBalance([place], { reconnectDelay: 100 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2' });
        expectSubscriptions(busy.subscriptions).toBe(busySubs);
        expectSubscriptions(answer.subscriptions).toBe(answerSubs);
        flush();
        expect(place.opened).to.deep.equal([0]);
        expect(place.closed).to.deep.equal([7]);
      });
    });

    it('uses up an attempt', () => {
      run(({ cold, expectObservable }) => {
        const source = cold('       a|');
        const expected = '          -(a|)';
        const busy = new TemporaryError('busy', { retryAfter: 5 });
        const place = fakeConnection<string>('u', '-#', { name: 'place', error: busy });
        expectObservable(source.pipe(loadBalance([place], { maxAttempts: 1 }))).toBe(expected, {
          a: {
            status: 'dropped',
            event: 'a',
            reason: 'attempts',
            error: busy,
            attempts: 1,
            failures: [{ connection: 'place', error: busy }],
          },
        });
      });
    });

    it('pauses pulling of new events too, while another connection goes on', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       abc--d|');
        const busyAnswer = '        -#';
        const goodAnswer = '        --(r|)';
        const expected = '          ---b-a-c-(d|)';
        const busy = new TemporaryError('busy', { retryAfter: 100 });
        const full = fakeConnection<string>('u', busyAnswer, { name: 'full', error: busy });
        const good = fakeConnection<string>('-u', goodAnswer, { name: 'good' });
        const result$ = source.pipe(loadBalance([full, good]), inShort);
        expectObservable(result$).toBe(expected, {
          a: 'a@good 2',
          b: 'b@good 1',
          c: 'c@good 1',
          d: 'd@good 1',
        });
        flush();
        expect(framesOf(full)).to.deep.equal([0]);
        expect(framesOf(good)).to.deep.equal([1, 3, 5, 7]);
      });
    });

    it('lets the other sends in flight finish, whose success does not end the pause', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (abc|)');
        const answers = { a: '      -#', b: '---(r|)', again: '-(r|)' };
        const expected = '          ---b---(ac|)';
        const busy = new TemporaryError('busy', { retryAfter: 5 });
        const place = fakeConnection<string>(
          'u',
          (event, { attempt }) =>
            cold(
              event === 'b' ? answers.b : attempt === 1 && event === 'a' ? answers.a : answers.again,
              {},
              busy,
            ),
          { window: 2 },
        );
        const result$ = source.pipe(loadBalance([place], { reconnectDelay: 100 }), inShort);
        expectObservable(result$).toBe(expected, {
          a: 'a@fake 2',
          b: 'b@fake 1',
          c: 'c@fake 1',
        });
        flush();
        expect(framesOf(place)).to.deep.equal([0, 0, 6, 6]);
      });
    });

    it('pauses each time for what its own error says', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a|');
        const expected = '          ----------(a|)';
        const place = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 3
            ? cold('-(r|)')
            : cold('-#', {}, new TemporaryError('busy', { retryAfter: attempt === 1 ? 2 : 5 })),
        );
        const result$ = source.pipe(loadBalance([place], { reconnectDelay: 100 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 3' });
        flush();
        expect(framesOf(place)).to.deep.equal([0, 3, 9]);
        expect(place.opened).to.deep.equal([0]);
      });
    });

    it('pauses again when the first send after the pause fails synchronously', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a|');
        const expected = '          ------(a|)';
        const busy = new TemporaryError('busy', { retryAfter: 3 });
        const place = fakeConnection<string>('u', () => throwError(() => busy));
        const result$ = source.pipe(loadBalance([place], { maxAttempts: 3 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a attempts 3' });
        flush();
        expect(framesOf(place)).to.deep.equal([0, 3, 6]);
      });
    });
  });

  describe('without retryAfter', () => {
    it('pauses for the backoff', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const asked: unknown[] = [];
        const source = cold('       a|');
        const busy = new TemporaryError('busy');
        const failing = cold('      -#', {}, busy);
        const delay = cold('         ----x');
        const delaySubs = '         -^---!';
        const answer = cold('            -(r|)');
        const expected = '          ------(a|)';
        const place = fakeConnection('u', (_event, { attempt }) => (attempt === 1 ? failing : answer));
        const reconnectDelay = (error: unknown, nth: number): Observable<string> => {
          asked.push([error, nth]);
          return delay;
        };
        expectObservable(source.pipe(loadBalance([place], { reconnectDelay }), inShort)).toBe(expected, {
          a: 'a@fake 2',
        });
        expectSubscriptions(delay.subscriptions).toBe(delaySubs);
        flush();
        expect(asked).to.deep.equal([[busy, 1]]);
        expect(place.opened).to.deep.equal([0]);
      });
    });

    it('pauses again when the first send after the pause fails synchronously', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a|');
        const expected = '          ------(a|)';
        const place = fakeConnection<string>('u', () => throwError(() => new TemporaryError('busy')));
        const options = { maxAttempts: 3, reconnectDelay: 3 };
        expectObservable(source.pipe(loadBalance([place], options), inShort)).toBe(expected, {
          a: 'a attempts 3',
        });
        flush();
        expect(framesOf(place)).to.deep.equal([0, 3, 6]);
        expect(place.opened).to.deep.equal([0]);
      });
    });

    it('retires the connection when the backoff does', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       ab---|');
        const expected = '          -(ab)|';
        const place = fakeConnection<string>('u', '-#', { error: new TemporaryError('busy') });
        const result$ = source.pipe(loadBalance([place], { reconnectDelay: () => EMPTY }), inShort);
        expectObservable(result$).toBe(expected, {
          a: 'a no-connection 1',
          b: 'b no-connection 0',
        });
        flush();
        expect(framesOf(place)).to.deep.equal([0]);
        expect(place.closed).to.deep.equal([1]);
      });
    });
  });

  describe('of several sends in flight', () => {
    it('is one pause, when eight fail at once', () => {
      run(({ cold, expectObservable, flush }) => {
        const asked: number[] = [];
        const source = cold('       (abcdefgh|)');
        const failing = '           -#';
        const delivering = '             -(r|)';
        const expected = '          ------a-';
        const unsub = '             -------!';
        const place = fakeConnection<string>(
          'u',
          (_event, { attempt }) => cold(attempt === 1 ? failing : delivering, {}, new TemporaryError('busy')),
          { window: 8 },
        );
        const reconnectDelay = (_error: unknown, nth: number): Observable<number> => {
          asked.push(nth);
          return timer(4);
        };
        const result$ = source.pipe(loadBalance([place], { reconnectDelay }), inShort);
        expectObservable(result$, unsub).toBe(expected, { a: 'a@fake 2' });
        flush();
        expect(asked).to.deep.equal([1]);
        // One send on probation, and the other seven when it has succeeded.
        expect(framesOf(place)).to.deep.equal([...Array<number>(8).fill(0), 5, ...Array<number>(7).fill(6)]);
        expect(place.opened).to.deep.equal([0]);
      });
    });

    it('is one pause of the first retryAfter, when others fail during it', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (ab|)');
        const expected = '          -------a(b|)';
        const answers = { a: '      -#', b: '   ---#' };
        const place = fakeConnection<string>(
          'u',
          (event, { attempt }) =>
            attempt === 2
              ? cold('-(r|)')
              : cold(
                  event === 'a' ? answers.a : answers.b,
                  {},
                  new TemporaryError('busy', { retryAfter: event === 'a' ? 5 : 50 }),
                ),
          { window: 2 },
        );
        const result$ = source.pipe(loadBalance([place]), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2', b: 'b@fake 2' });
        flush();
        expect(framesOf(place)).to.deep.equal([0, 0, 6, 7]);
      });
    });

    it('does not pause again for one that began before the pause and fails after it', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (ab|)');
        const expected = '          ----------a(b|)';
        const answers = { a: '      -#', b: '   ---------#' };
        const place = fakeConnection<string>(
          'u',
          (event, { attempt }) =>
            attempt === 2
              ? cold('-(r|)')
              : cold(
                  event === 'a' ? answers.a : answers.b,
                  {},
                  new TemporaryError('busy', { retryAfter: event === 'a' ? 5 : 50 }),
                ),
          { window: 2 },
        );
        const result$ = source.pipe(loadBalance([place]), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2', b: 'b@fake 2' });
        flush();
        // On probation nothing is sent beside b; a then goes first.
        expect(framesOf(place)).to.deep.equal([0, 0, 9, 10]);
      });
    });
  });

  it('puts the event back at once, for a connection that does not pause', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a|');
      const fullAnswer = '          --#';
      const spareAnswer = '           -(r|)';
      const expected = '            ---(a|)';
      const busy = new TemporaryError('busy', { retryAfter: 100 });
      const full = fakeConnection<string>('u', fullAnswer, { name: 'full', error: busy });
      const spare = fakeConnection<string>('-u', spareAnswer, { name: 'spare' });
      expectObservable(source.pipe(loadBalance([full, spare]), inShort)).toBe(expected, { a: 'a@spare 2' });
      flush();
      expect(spare.sent).to.deep.equal([{ frame: 2, event: 'a', attempt: 2 }]);
    });
  });

  it('pauses for its time also when the connection goes down and comes up meanwhile', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a|');
      const states = '              u--d--u';
      const expected = '            ------------(a|)';
      const place = fakeConnection<string>(states, (_event, { attempt }) =>
        attempt === 1 ? cold('-#', {}, new TemporaryError('busy', { retryAfter: 10 })) : cold('-(r|)'),
      );
      expectObservable(source.pipe(loadBalance([place]), inShort)).toBe(expected, { a: 'a@fake 2' });
      flush();
      expect(framesOf(place)).to.deep.equal([0, 11]);
    });
  });

  it('is what classify calls one, whatever the class of the error', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a|');
      const failing = '             -#';
      const delivering = '              -(r|)';
      const expected = '            -----(a|)';
      const place = fakeConnection<string>(
        'u',
        (_event, { attempt }) => cold(attempt === 1 ? failing : delivering, {}, new Error('503')),
        { classify: () => 'temporary' },
      );
      expectObservable(source.pipe(loadBalance([place], { reconnectDelay: 3 }), inShort)).toBe(expected, {
        a: 'a@fake 2',
      });
      flush();
      expect(framesOf(place)).to.deep.equal([0, 4]);
      expect(place.opened).to.deep.equal([0]);
    });
  });

  it('closes the connection when classify calls it a connection failure', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a|');
      const expected = '            -----(a|)';
      const busy = new TemporaryError('busy', { retryAfter: 100 });
      const place = fakeConnection<string>(
        'u',
        (_event, { attempt }) => (attempt === 1 ? cold('-#', {}, busy) : cold('-(r|)')),
        { classify: () => 'connection' },
      );
      expectObservable(source.pipe(loadBalance([place], { reconnectDelay: 3 }), inShort)).toBe(expected, {
        a: 'a@fake 2',
      });
      flush();
      expect(place.opened).to.deep.equal([0, 4]);
    });
  });

  describe('with a retryAfter of 0', () => {
    const atOnce = new TemporaryError('busy', { retryAfter: 0 });
    const failing = (): Observable<string> => throwError(() => atOnce);

    it('does not pause', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a|');
        const answer = '            --#';
        const expected = '          ------(a|)';
        const place = fakeConnection<string>('u', answer, { error: atOnce });
        expectObservable(source.pipe(loadBalance([place], { reconnectDelay: 100 }), inShort)).toBe(expected, {
          a: 'a attempts 3',
        });
        flush();
        expect(framesOf(place)).to.deep.equal([0, 2, 4]);
        expect(place.opened).to.deep.equal([0]);
      });
    });

    it('does not even wait for the scheduler', () => {
      const outcomes: string[] = [];
      const place = (_event: string, { attempt }: SendContext): Observable<string> =>
        attempt < 3 ? failing() : of('r');
      of('a', 'b')
        .pipe(loadBalance([place]), inShort)
        .subscribe((outcome) => outcomes.push(outcome));
      expect(outcomes).to.deep.equal(['a@place 3', 'b@place 3']);
    });

    it('does not grow the stack with 100,000 failures of one event', () => {
      run(({ cold, expectObservable }) => {
        const source = cold('       a|');
        const expected = '          a|';
        const result$ = source.pipe(loadBalance([failing], { maxAttempts: 100_000 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a attempts 100000' });
      });
    }).timeout(60_000);

    it('does not grow the stack with a failure of each of 100,000 events', () => {
      run(({ expectObservable }) => {
        const dropped$ = range(0, 100_000).pipe(
          loadBalance([failing], { maxAttempts: 1 }),
          count((outcome) => isDropped(outcome) && outcome.reason === 'attempts'),
        );
        expectObservable(dropped$).toBe('(n|)', { n: 100_000 });
      });
    }).timeout(60_000);

    it('yields, so that closeOn gets its turn although the event is guaranteed', async () => {
      let sends = 0;
      // Without a turn for the timer this would go on for ever.
      const endless = (): Observable<string> => (++sends > 5_000_000 ? of('starved') : failing());
      const options = { guaranteed: true, closeOn: timer(20) };
      const outcome = await lastValueFrom(of('a').pipe(loadBalance([endless], options)), {
        defaultValue: undefined,
      });
      expect(outcome).to.include({ status: 'dropped', reason: 'closed', attempts: sends });
    });
  });

  it('leaves no timer of its pause behind when the subscriber leaves', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('         a----');
      const failing = '             -#';
      const delay = cold('           --------x');
      const delaySubs = '           -^-!';
      const unsub = '               ---!';
      const place = fakeConnection<string>('u', failing, { error: new TemporaryError('busy') });
      const result$ = source.pipe(loadBalance([place], { reconnectDelay: () => delay }), inShort);
      expectObservable(result$, unsub).toBe('');
      expectSubscriptions(delay.subscriptions).toBe(delaySubs);
    });
  });

  it('is not followed by a report of being up when the connection went down meanwhile', () => {
    run(({ cold, expectObservable, flush }) => {
      const told: string[] = [];
      const next = (activity: BalancerActivity): void => {
        if (activity.type === 'state') {
          told.push(activity.state);
        }
      };
      const source = cold('         a');
      const states = '              u--d';
      const failing = '             -#';
      const unsub = '               ----------!';
      const busy = new TemporaryError('busy', { retryAfter: 5 });
      const place = fakeConnection<string>(states, failing, { error: busy });
      expectObservable(source.pipe(loadBalance([place], { monitor: { next } }), inShort), unsub).toBe('');
      flush();
      expect(told.slice(0, 4)).to.deep.equal(['connecting', 'up', 'backoff', 'down']);
      expect(told.slice(4)).to.deep.equal(['removed']);
    });
  });
});
