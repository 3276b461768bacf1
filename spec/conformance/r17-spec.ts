/** Proves R17: every event has exactly one outcome, however often and however late its sends answer. */
import { expect } from 'chai';
import { concat, map, NEVER, Observable, of, Subject, tap, type ObservableInput } from 'rxjs';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  isDelivered,
  loadBalance,
  RejectedError,
  TemporaryError,
  type Connection,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome) ? `${outcome.event} = ${String(outcome.value)}` : `${outcome.event} ${outcome.reason}`;

/** Any failure leaves it open, so that the one seat of its window is used again and again. */
const lenient = (send: Connection<string, string>['send']): Connection<string, string> => ({
  name: 'lenient',
  state$: concat(of('up' as const), NEVER),
  classify: () => 'temporary',
  send,
});

describe('R17: exactly one outcome per event', () => {
  it('should give one outcome to each event, whether delivered, rejected, failing or never answered', () => {
    run(({ cold, expectObservable }) => {
      const answers: Record<string, ObservableInput<string>> = {
        a: cold('--(r|)'),
        b: cold('-#', {}, new RejectedError()),
        c: cold('-#', {}, new TemporaryError()),
        d: cold('-'),
      };
      const place = fakeConnection<string>('u', (event) => answers[event] ?? of(), {
        classify: (error) => (error instanceof RejectedError ? 'rejected' : 'temporary'),
      });

      const e1 = '      (abcd|)          ';
      //                a-bcd--cd--      the sends: on probation a new event goes first
      const expected = '--ab----c--(d|)';

      const result = cold(e1).pipe(
        loadBalance([place], { maxAttempts: 2, timeout: { send: 3 }, reconnectDelay: 0 }),
        map(brief),
      );

      expectObservable(result).toBe(expected, {
        a: 'a = r',
        b: 'b rejected',
        c: 'c attempts',
        d: 'd attempts',
      });
    });
  });

  it('should give equal events an outcome each', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      (aaa|)     ';
      const send = '    --(r|)     ';
      const expected = '--a-a-(a|) ';

      const result = cold(e1).pipe(loadBalance([fakeConnection<string>('u', send)]), map(brief));

      expectObservable(result).toBe(expected, { a: 'a = r' });
    });
  });

  it('should fail an attempt that has emitted a value and then errors, and deliver the last value of one that completes', () => {
    run(({ cold, expectObservable }) => {
      const place = fakeConnection<string>(
        'u',
        (_event, { attempt }) => (attempt === 1 ? cold('x-#') : cold('y-z-|')),
        { classify: () => 'temporary' },
      );

      const e1 = '      (a|)       ';
      //                x-#y-z-|   the answers
      const expected = '-------(a|)';

      const result = cold(e1).pipe(loadBalance([place], { reconnectDelay: 1 }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a = z' });
    });
  });

  it('should give one outcome to an event whose answer comes together with the timeout', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      a---b-----';
      const send = '    ---(r|)   ';
      const expected = '---a---b--';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>('u', send)], {
          timeout: { send: 3 },
          maxAttempts: 1,
          reconnectDelay: 0,
        }),
        map(({ event }) => event),
      );

      expectObservable(result, '---------!').toBe(expected);
    });
  });

  it('should ignore every answer of an Observable that answers twice', () => {
    const twice = new Observable<string>((subscriber) => {
      /* eslint-disable rxjs-x/no-redundant-notify -- that is what a bad one does */
      subscriber.next('first');
      subscriber.complete();
      subscriber.next('second');
      subscriber.complete();
      subscriber.error(new Error('third'));
      /* eslint-enable rxjs-x/no-redundant-notify */
    });
    const outcomes: string[] = [];

    of('a', 'b')
      .pipe(loadBalance([() => twice]), map(brief))
      .subscribe((outcome) => outcomes.push(outcome));

    expect(outcomes).to.deep.equal(['a = first', 'b = first']);
  });

  it('should ignore the second answer of a foreign Observable, one that RxJS has not made', () => {
    const foreign = {
      '@@observable': () => ({
        subscribe: (observer: {
          next(value: string): void;
          error(error: unknown): void;
          complete(): void;
        }) => {
          observer.next('first');
          observer.complete();
          observer.next('second');
          observer.error(new Error('third'));
          observer.complete();
          return { unsubscribe: () => undefined };
        },
      }),
    } as unknown as Observable<string>;
    const outcomes: string[] = [];

    of('a', 'b')
      .pipe(loadBalance([() => foreign]), map(brief))
      .subscribe((outcome) => outcomes.push(outcome));

    expect(outcomes).to.deep.equal(['a = first', 'b = first']);
  });

  describe('of what happens inside an outcome', () => {
    it('should close after the outcome in which it is asked to', () => {
      run(({ cold, expectObservable }) => {
        const closeOn = new Subject<void>();
        const e1 = '      (abc|)        ';
        const send = '    --(r|)        ';
        const expected = '--(abc|)      ';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>('u', send)], { closeOn }),
          tap(() => {
            closeOn.next();
          }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a = r', b: 'b closed', c: 'c closed' });
      });
    });

    it('should not emit an outcome inside another one', () => {
      const closeOn = new Subject<void>();
      const log: string[] = [];

      of('a', 'b')
        .pipe(loadBalance([() => of('r')], { closeOn }))
        .subscribe({
          next: ({ event }) => {
            log.push(`${event} begins`);
            closeOn.next();
            log.push(`${event} ends`);
          },
          complete: () => log.push('completed'),
        });

      expect(log).to.deep.equal(['a begins', 'a ends', 'completed']);
    });

    it('should complete after the outcome in which the source completes', () => {
      const source = new Subject<string>();
      const log: string[] = [];
      source.pipe(loadBalance([() => of('r')])).subscribe({
        next: ({ event }) => {
          source.complete();
          log.push(event);
        },
        complete: () => log.push('completed'),
      });

      source.next('a');

      expect(log).to.deep.equal(['a', 'completed']);
    });

    it('should pass on the error of a source that fails inside an outcome after that outcome', () => {
      const source = new Subject<string>();
      const log: string[] = [];
      source.pipe(loadBalance([() => of('r')])).subscribe({
        next: ({ event }) => {
          source.error(new Error('broken'));
          log.push(event);
        },
        error: (error: unknown) => log.push(String(error)),
      });

      source.next('a');

      expect(log).to.deep.equal(['a', 'Error: broken']);
    });

    it('should emit nothing more once the subscriber has left', () => {
      const closeOn = new Subject<void>();
      const source = new Subject<string>();
      const outcomes: string[] = [];
      const subscription = source.pipe(loadBalance([() => NEVER], { closeOn })).subscribe({
        next: ({ event }) => {
          outcomes.push(event);
          subscription.unsubscribe();
        },
        complete: () => outcomes.push('completed'),
      });
      source.next('a');
      source.next('b');

      closeOn.next();

      expect(outcomes).to.deep.equal(['a']);
    });
  });

  describe('of promises', () => {
    let clock: SinonFakeTimers;

    beforeEach(() => {
      clock = useFakeTimers({ shouldClearNativeTimers: true });
    });

    afterEach(() => {
      clock.restore();
    });

    const after = <V>(delay: number, value: V): Promise<V> =>
      new Promise((resolve) => setTimeout(resolve, delay, value));

    it('should ignore a promise that is fulfilled after its send has timed out', async () => {
      const outcomes: Outcome<string, string>[] = [];
      const send = (_event: string, { attempt }: { attempt: number }): Promise<string> =>
        attempt === 1 ? after(150, 'late') : after(80, 'in time');
      of('a')
        .pipe(loadBalance([lenient(send)], { timeout: { send: 100 }, reconnectDelay: 10 }))
        .subscribe((outcome) => outcomes.push(outcome));

      await clock.tickAsync(180);
      expect(outcomes).to.be.empty;
      await clock.tickAsync(1_000);

      expect(outcomes.map(brief)).to.deep.equal(['a = in time']);
      expect(outcomes[0]?.attempts).to.equal(2);
    });

    it('should ignore a promise that is rejected after its send has timed out', async () => {
      const outcomes: Outcome<string, string>[] = [];
      const send = (_event: string, { attempt }: { attempt: number }): Promise<string> =>
        attempt === 1
          ? after(150, undefined).then(() => Promise.reject(new Error('late')))
          : after(80, 'in time');
      of('a')
        .pipe(loadBalance([lenient(send)], { timeout: { send: 100 }, reconnectDelay: 10 }))
        .subscribe((outcome) => outcomes.push(outcome));

      await clock.tickAsync(1_000);

      expect(outcomes.map(brief)).to.deep.equal(['a = in time']);
      expect(outcomes[0]?.attempts).to.equal(2);
    });
  });
});
