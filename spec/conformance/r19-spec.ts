/** Proves R19: closing gives everything outstanding its outcome at once, whatever asks for it. */
import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { BehaviorSubject, concat, EMPTY, map, NEVER, Observable, of, Subject, tap, throwError } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import {
  isDelivered,
  isDropped,
  loadBalance,
  TemporaryError,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome) ? `${outcome.event} delivered` : `${outcome.event} ${outcome.reason}`;

describe('R19: closing', () => {
  it('should drop what is in flight and what waits when closeOn emits, and complete', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const e1 = cold(' abcde-------        ');
      const e1subs = '  ^-----!             ';
      const send = '    ----(r|)            ';
      const closeOn = ' ------x             ';
      const expected = '----a-(bcde|)       ';

      const result = e1.pipe(
        loadBalance([fakeConnection<string>('u', send)], { closeOn: cold(closeOn) }),
        map(brief),
      );

      expectObservable(result).toBe(expected, {
        a: 'a delivered',
        b: 'b closed',
        c: 'c closed',
        d: 'd closed',
        e: 'e closed',
      });
      expectSubscriptions(e1.subscriptions).toBe(e1subs);
    });
  });

  it('should cancel the sends, close the connections, and then complete', () => {
    const closeOn = new Subject<void>();
    const log: string[] = [];
    const state$ = new Observable<'up'>((subscriber) => {
      subscriber.next('up');
      return () => log.push('closed');
    });
    const send = (event: string): Observable<never> =>
      new Observable<never>(() => () => log.push(`${event} cancelled`));
    concat(of('a', 'b', 'c'), NEVER)
      .pipe(loadBalance([{ name: 'place', state$, send, window: 2 }], { closeOn }))
      .subscribe({
        next: ({ event }) => log.push(`${event} dropped`),
        complete: () => log.push('completed'),
      });

    closeOn.next();

    expect(log).to.have.members([
      'a cancelled',
      'b cancelled',
      'a dropped',
      'b dropped',
      'c dropped',
      'closed',
      'completed',
    ]);
    expect(log.indexOf('b cancelled')).to.be.below(log.indexOf('a dropped'));
    expect(log.indexOf('a dropped')).to.be.below(log.indexOf('b dropped'));
    expect(log.indexOf('b dropped')).to.be.below(log.indexOf('c dropped'));
    expect(log.indexOf('closed')).to.be.below(log.indexOf('completed'));
    expect(log.at(-1)).to.equal('completed');
  });

  it('should abort the signals of the sends', () => {
    const closeOn = new Subject<void>();
    let signal: AbortSignal | undefined;
    concat(of('a'), NEVER)
      .pipe(
        loadBalance(
          [
            (_event, context) => {
              signal = context.signal;
              return NEVER;
            },
          ],
          { closeOn },
        ),
      )
      .subscribe();
    expect(signal?.aborted).to.be.false;

    closeOn.next();

    expect(signal?.aborted).to.be.true;
  });

  it('should count the attempt in flight, and tell of the failed ones', () => {
    run(({ cold, expectObservable }) => {
      const error = new TemporaryError('busy', { retryAfter: 0 });
      const place = fakeConnection<string>('u', (_event, { attempt }) =>
        attempt === 1 ? cold('-#', {}, error) : cold('-'),
      );

      const e1 = '      (ab)         ';
      //                aba          the sends: on probation, the new event goes first
      const closeOn = ' ----x        ';
      const expected = '----(ab|)    ';

      const result = cold(e1).pipe(
        loadBalance([place], { closeOn: cold(closeOn) }),
        map((outcome) => [outcome.event, outcome.attempts, isDropped(outcome) ? outcome.failures : []]),
      );

      const failures = [{ connection: 'fake', error }];
      expectObservable(result).toBe(expected, { a: ['a', 2, failures], b: ['b', 1, failures] });
    });
  });

  it('should close during a backoff', () => {
    run(({ cold, expectObservable }) => {
      const place = fakeConnection<string>('u', '-#');

      const e1 = '      a-----       ';
      //                -#---------- the send, and a backoff of 10 frames
      const closeOn = ' ----x        ';
      const expected = '----(a|)     ';

      const result = cold(e1).pipe(
        loadBalance([place], { closeOn: cold(closeOn), reconnectDelay: 10 }),
        map(brief),
      );

      expectObservable(result).toBe(expected, { a: 'a closed' });
    });
  });

  it('should not open a connection again after closing', () => {
    const place = runFor(({ cold, expectObservable }) => {
      const fake = fakeConnection<string>('u', '-#');
      const e1 = '      a-----   ';
      const closeOn = ' ----x    ';
      const expected = '----(a|) ';

      const result = cold(e1).pipe(
        loadBalance([fake], { closeOn: cold(closeOn), reconnectDelay: 10 }),
        map(brief),
      );

      expectObservable(result).toBe(expected, { a: 'a closed' });
      return fake;
    });

    expect(place.opened).to.deep.equal([0]);
    expect(place.closed).to.deep.equal([1]);
  });

  it('should close a removed connection that still drains', () => {
    const place = runFor(({ cold, expectObservable }) => {
      const fake = fakeConnection<string>('u', '--------(r|)');
      const e1 = '      a------  ';
      const lists$ = cold('x-y----', { x: [fake], y: [] });
      const closeOn = ' ----x    ';
      const expected = '----(a|) ';

      const result = cold(e1).pipe(loadBalance(lists$, { closeOn: cold(closeOn) }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a closed' });
      return fake;
    });

    expect(place.closed).to.deep.equal([4]);
  });

  it('should close at once when a send asks for it, before its answer has arrived', () => {
    run(({ cold, expectObservable }) => {
      const closeOn = new Subject<void>();
      const send = (): Observable<string> =>
        cold('--(r|)').pipe(
          tap({
            complete: () => {
              closeOn.next();
            },
          }),
        );

      const e1 = '      (ab)      ';
      const expected = '--(ab|)   ';

      const result = cold(e1).pipe(loadBalance([send], { closeOn }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a closed', b: 'b closed' });
    });
  });

  it('should do nothing when closeOn completes without a value', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const e1 = '      a----b|    ';
      const send = '    --(r|)     ';
      const closeOn = cold('-|     ');
      const closeOnSubs = '^!      ';
      const expected = '--a----(b|)';

      const result = cold(e1).pipe(loadBalance([fakeConnection<string>('u', send)], { closeOn }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b delivered' });
      expectSubscriptions(closeOn.subscriptions).toBe(closeOnSubs);
    });
  });

  it('should pass on the error of closeOn after closing', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const e1 = cold(' ab-----     ');
      const e1subs = '  ^--!        ';
      const send = '    --------(r|)';
      const closeOn = ' ---#        ';
      const expected = '---(ab#)    ';

      const result = e1.pipe(
        loadBalance([fakeConnection<string>('u', send)], { closeOn: cold(closeOn) }),
        map(brief),
      );

      expectObservable(result).toBe(expected, { a: 'a closed', b: 'b closed' });
      expectSubscriptions(e1.subscriptions).toBe(e1subs);
    });
  });

  it('should pass on the error of the source when it is closed while draining', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      a#          ';
      const send = '    --------(r|)';
      const closeOn = ' ---x        ';
      const expected = '---(a#)     ';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>('u', send)], { closeOn: cold(closeOn) }),
        map(brief),
      );

      expectObservable(result).toBe(expected, { a: 'a closed' });
    });
  });

  it('should take the first value of closeOn, and unsubscribe from it', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const e1 = '      a------      ';
      const send = '    --------(r|) ';
      const closeOn = cold('---x-x-# ');
      const closeOnSubs = '^--!      ';
      const expected = '---(a|)      ';

      const result = cold(e1).pipe(loadBalance([fakeConnection<string>('u', send)], { closeOn }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a closed' });
      expectSubscriptions(closeOn.subscriptions).toBe(closeOnSubs);
    });
  });

  it('should open nothing and not subscribe to the source when closeOn has emitted at subscription', () => {
    const place = runFor(({ cold, expectObservable, expectSubscriptions }) => {
      const fake = fakeConnection<string>('u', '(r|)');
      const e1 = cold('a-b');

      expectObservable(e1.pipe(loadBalance([fake], { closeOn: of('now') }))).toBe('|');
      expectSubscriptions(e1.subscriptions).toBe([]);
      return fake;
    });

    expect(place.opened).to.be.empty;
  });

  it('should open nothing, not subscribe to the source, and fail when closeOn fails at subscription', () => {
    const place = runFor(({ cold, expectObservable, expectSubscriptions }) => {
      const fake = fakeConnection<string>('u', '(r|)');
      const e1 = cold('a-b');
      const closeOn = throwError(() => new Error('no'));

      expectObservable(e1.pipe(loadBalance([fake], { closeOn }))).toBe('#', {}, new Error('no'));
      expectSubscriptions(e1.subscriptions).toBe([]);
      return fake;
    });

    expect(place.opened).to.be.empty;
  });

  it('should not subscribe to the source when a connection closes while it is opened', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const closeOn = new Subject<void>();
      const state$ = new Observable<'up'>(() => {
        closeOn.next();
      });
      const e1 = cold('a-b');

      const result = e1.pipe(loadBalance([{ name: 'closer', state$, send: () => EMPTY }], { closeOn }));

      expectObservable(result).toBe('|');
      expectSubscriptions(e1.subscriptions).toBe([]);
    });
  });

  describe('by an AbortSignal', () => {
    it('should close when it is aborted, for the reason of the signal', () => {
      const aborter = new AbortController();
      const outcomes: Outcome<string>[] = [];
      let completed = false;
      concat(of('a', 'b'), NEVER)
        .pipe(loadBalance([() => NEVER], { closeOn: aborter.signal }))
        .subscribe({
          next: (outcome) => outcomes.push(outcome),
          complete: () => {
            completed = true;
          },
        });
      const reason = new Error('enough');

      aborter.abort(reason);

      expect(outcomes.map(brief)).to.deep.equal(['a closed', 'b closed']);
      expect(outcomes.map((outcome) => isDropped(outcome) && outcome.error)).to.deep.equal([reason, reason]);
      expect(completed).to.be.true;
    });

    it('should open nothing and not subscribe to the source when it has been aborted already', () => {
      const place = runFor(({ cold, expectObservable, expectSubscriptions }) => {
        const fake = fakeConnection<string>('u', '(r|)');
        const e1 = cold('a-b');

        expectObservable(e1.pipe(loadBalance([fake], { closeOn: AbortSignal.abort() }))).toBe('|');
        expectSubscriptions(e1.subscriptions).toBe([]);
        return fake;
      });

      expect(place.opened).to.be.empty;
    });

    it('should listen to it no longer once the output has ended', () => {
      const { signal } = new AbortController();
      const source = new Subject<string>();
      source.pipe(loadBalance([() => of('r')], { closeOn: signal })).subscribe();
      expect(getEventListeners(signal, 'abort')).to.have.length(1);

      source.complete();

      expect(getEventListeners(signal, 'abort')).to.be.empty;
    });
  });

  it('should close when a promise is fulfilled, and fail when it is rejected', async () => {
    const ends: string[] = [];
    const observer = {
      complete: () => ends.push('completed'),
      error: (error: unknown) => ends.push(`failed: ${String(error)}`),
    };

    NEVER.pipe(loadBalance([() => NEVER], { closeOn: Promise.resolve() })).subscribe(observer);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- to be told apart
    NEVER.pipe(loadBalance([() => NEVER], { closeOn: Promise.reject('no') })).subscribe(observer);
    await Promise.resolve().then(() => undefined);

    expect(ends).to.have.members(['completed', 'failed: no']);
  });

  describe('by drainTimeout', () => {
    it('should close so long after the source has completed', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      abc-|               ';
        //                    ----!           drainTimeout
        const send = '    -----(r|)           ';
        const expected = '-----a--(bc|)       ';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>('u', send)], { drainTimeout: 4 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b closed', c: 'c closed' });
      });
    });

    it('should not count while the source goes on', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      a-----------|';
        const send = '    ------(r|)   ';
        const expected = '------a-----|';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>('u', send)], { drainTimeout: 2 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a delivered' });
      });
    });

    it('should let nothing outstanding live on when it is 0', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      a--b|     ';
        const send = '    --(r|)    ';
        const expected = '--a-(b|)  ';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>('u', send)], { drainTimeout: 0 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b closed' });
      });
    });

    it('should say so in the error of what it drops', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      (a|)  ';
        const expected = '---(a|)';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>('u', '-')], { drainTimeout: 3 }),
          map((outcome) => isDropped(outcome) && String(outcome.error)),
        );

        expectObservable(result).toBe(expected, { a: 'Error: drainTimeout of 3 ms has passed' });
      });
    });
  });

  it('should say in the error that it was closed by closeOn', () => {
    run(({ cold, expectObservable }) => {
      const e1 = cold(' a-----|');
      const closeOn = ' --x    ';
      const expected = '--(x|) ';

      const result = e1.pipe(
        loadBalance([fakeConnection<string>('u', '-')], { closeOn: cold(closeOn) }),
        map((outcome) => isDropped(outcome) && String(outcome.error)),
      );

      expectObservable(result).toBe(expected, { x: 'Error: loadBalance: closed by closeOn' });
    });
  });

  it('should come before the end of the last connection, when an outcome causes both', () => {
    const closeOn = new Subject<void>();
    const state$ = new BehaviorSubject<ConnectionState>('down');
    const outcomes: string[] = [];
    concat(of('a', 'b', 'c'), NEVER)
      .pipe(loadBalance([{ name: 'place', state$, send: () => of('r') }], { closeOn }), map(brief))
      .subscribe((outcome) => {
        outcomes.push(outcome);
        closeOn.next();
        state$.complete();
      });

    state$.next('up');

    expect(outcomes).to.deep.equal(['a delivered', 'b closed', 'c closed']);
  });
});

/** As `run`, and gives back what is to be looked at when virtual time is over. */
function runFor<V>(test: (helpers: RunHelpers) => V): V {
  let made: { readonly value: V } | undefined;
  run((helpers) => {
    made = { value: test(helpers) };
  });
  if (made === undefined) {
    throw new Error('the test did not run');
  }
  return made.value;
}
