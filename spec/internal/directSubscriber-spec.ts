/** A subscriber of one's own keeps the promises of RxJS's, with nothing in between. */
import { expect } from 'chai';
import { finalize, map, Observable, of, range, Subject, takeUntil, type Subscriber } from 'rxjs';
import { DirectSubscriber } from '../../src/internal/directSubscriber.js';

/** An observer that writes down what it hears, and may do something about it. */
function listener(at: { next?: () => void; error?: () => void; complete?: () => void } = {}) {
  const heard: string[] = [];
  return {
    heard,
    next: (value: unknown): void => {
      heard.push(String(value));
      at.next?.();
    },
    error: (error: unknown): void => {
      heard.push(`error ${String(error)}`);
      at.error?.();
    },
    complete: (): void => {
      heard.push('complete');
      at.complete?.();
    },
  };
}

/** Says everything that can be said. */
function sayAll(subscriber: DirectSubscriber<string>): void {
  subscriber.next('late');
  subscriber.error('late');
  subscriber.complete();
}

const ends = {
  complete: (subscriber: DirectSubscriber<string>) => {
    subscriber.complete();
  },
  error: (subscriber: DirectSubscriber<string>) => {
    subscriber.error('broken');
  },
  unsubscribe: (subscriber: DirectSubscriber<string>) => {
    subscriber.unsubscribe();
  },
} as const;

describe('DirectSubscriber', () => {
  it('should be subscribed as it is', () => {
    const subscriber = new DirectSubscriber<string>(listener());
    expect(new Observable<string>().subscribe(subscriber)).to.equal(subscriber);
  });

  it('should be what the source of an Observable gets', () => {
    const given: Subscriber<string>[] = [];
    const subscriber = new DirectSubscriber<string>(listener());
    new Observable<string>((to) => {
      given.push(to);
    }).subscribe(subscriber);
    expect(given).to.have.length(1);
    expect(given[0]).to.equal(subscriber);
  });

  it('should pass on what it is told', () => {
    const observer = listener();
    of('a', 'b').subscribe(new DirectSubscriber<string>(observer));
    expect(observer.heard).to.deep.equal(['a', 'b', 'complete']);
  });

  describe('after the end', () => {
    for (const [how, end, heard] of [
      ['completing', ends.complete, ['complete']],
      ['an error', ends.error, ['error broken']],
      ['unsubscribing', ends.unsubscribe, []],
    ] as const) {
      it(`by ${how} should be closed, and silent`, () => {
        const observer = listener();
        const subscriber = new DirectSubscriber<string>(observer);
        expect(subscriber.closed).to.equal(false);
        end(subscriber);
        expect(subscriber.closed).to.equal(true);
        sayAll(subscriber);
        expect(observer.heard).to.deep.equal(heard);
      });
    }

    it('should be silent also inside what the observer does about it', () => {
      for (const [end, heard] of [
        [ends.complete, 'complete'],
        [ends.error, 'error broken'],
      ] as const) {
        const again = (): void => {
          sayAll(subscriber);
        };
        const observer = listener({ complete: again, error: again });
        const subscriber = new DirectSubscriber<string>(observer);
        end(subscriber);
        expect(observer.heard).to.deep.equal([heard]);
      }
    });

    it('should be silent when the observer has unsubscribed inside a value', () => {
      const observer = listener({
        next: () => {
          subscriber.unsubscribe();
        },
      });
      const subscriber = new DirectSubscriber<string>(observer);
      subscriber.next('a');
      sayAll(subscriber);
      expect(observer.heard).to.deep.equal(['a']);
    });
  });

  describe('the teardown', () => {
    for (const [how, end] of Object.entries(ends)) {
      it(`should run once, on ${how}`, () => {
        let torn = 0;
        const subscriber = new DirectSubscriber<string>(listener());
        subscriber.add(() => torn++);
        subscriber.add({ unsubscribe: () => torn++ });
        expect(torn).to.equal(0);
        end(subscriber);
        expect(torn).to.equal(2);
        subscriber.unsubscribe();
        sayAll(subscriber);
        expect(torn).to.equal(2);
      });

      it(`should run at once when it is added after ${how}, whether or not there was one before`, () => {
        for (const before of [false, true]) {
          let torn = 0;
          const subscriber = new DirectSubscriber<string>(listener());
          if (before) {
            subscriber.add(() => undefined);
          }
          end(subscriber);
          subscriber.add(() => torn++);
          subscriber.add({ unsubscribe: () => torn++ });
          expect(torn).to.equal(2);
        }
      });

      it(`should not run on ${how} when it has been removed`, () => {
        let torn = 0;
        const removed = (): void => {
          torn += 100;
        };
        const subscriber = new DirectSubscriber<string>(listener());
        subscriber.remove(removed);
        subscriber.add(removed);
        subscriber.add(() => torn++);
        subscriber.remove(removed);
        end(subscriber);
        expect(torn).to.equal(1);
      });
    }

    it('should run after the observer has heard of the end', () => {
      for (const end of [ends.complete, ends.error]) {
        const observer = listener();
        const subscriber = new DirectSubscriber<string>(observer);
        subscriber.add(() => observer.heard.push('torn down'));
        end(subscriber);
        expect(observer.heard).to.have.length(2);
        expect(observer.heard[1]).to.equal('torn down');
      }
    });

    for (const [what, end] of [
      ['complete', ends.complete],
      ['error', ends.error],
    ] as const) {
      it(`should run also when the observer throws in ${what}`, () => {
        let torn = 0;
        const thrown = new Error('in the observer');
        const throws = (): never => {
          throw thrown;
        };
        const subscriber = new DirectSubscriber<string>(listener({ complete: throws, error: throws }));
        subscriber.add(() => torn++);
        expect(() => {
          end(subscriber);
        }).to.throw(thrown);
        expect([torn, subscriber.closed]).to.deep.equal([1, true]);
      });
    }

    it('should take what a source without one gives, and itself', () => {
      const subscriber = new DirectSubscriber<string>(listener());
      subscriber.add(undefined);
      subscriber.add(subscriber);
      subscriber.unsubscribe();
      subscriber.add(subscriber);
      expect(subscriber.closed).to.equal(true);
    });
  });

  it('should stop listening to a synchronous observable when unsubscribed', () => {
    const sideEffects: number[] = [];
    const synchronous$ = new Observable<number>((subscriber) => {
      // This will check to see if the subscriber was closed on each loop.
      for (let n = 0; !subscriber.closed && n < 10; n++) {
        sideEffects.push(n);
        subscriber.next(n);
      }
    });
    for (const source$ of [synchronous$, synchronous$.pipe(map((n) => n))]) {
      sideEffects.length = 0;
      const observer = listener({
        next: () => {
          if (observer.heard.length === 3) {
            subscriber.unsubscribe();
          }
        },
      });
      const subscriber = new DirectSubscriber<number>(observer);
      source$.subscribe(subscriber);
      expect(observer.heard).to.deep.equal(['0', '1', '2']);
      expect(sideEffects).to.deep.equal([0, 1, 2]);
    }
  });

  describe('behind operators', () => {
    const chain = (source$: Observable<string>, log: string[], notifier$: Observable<unknown>) =>
      source$.pipe(
        finalize(() => log.push('first')),
        map((value) => value.toUpperCase()),
        finalize(() => log.push('second')),
        takeUntil(notifier$),
      );

    it('should tear all of them down when it is unsubscribed', () => {
      const [source$, notifier$, log] = [new Subject<string>(), new Subject<void>(), [] as string[]];
      const observer = listener();
      const subscriber = new DirectSubscriber<string>(observer);
      subscriber.add(chain(source$, log, notifier$).subscribe(subscriber));
      source$.next('a');
      expect([source$.observed, notifier$.observed, log]).to.deep.equal([true, true, []]);
      subscriber.unsubscribe();
      expect([source$.observed, notifier$.observed]).to.deep.equal([false, false]);
      expect(log).to.have.members(['first', 'second']);
      source$.next('b');
      expect(observer.heard).to.deep.equal(['A']);
    });

    it('should tear all of them down when one of them ends it', () => {
      const [source$, notifier$, log] = [new Subject<string>(), new Subject<void>(), [] as string[]];
      const observer = listener();
      const subscriber = new DirectSubscriber<string>(observer);
      chain(source$, log, notifier$).subscribe(subscriber);
      source$.next('a');
      notifier$.next();
      expect([source$.observed, notifier$.observed, subscriber.closed]).to.deep.equal([false, false, true]);
      expect(log).to.have.members(['first', 'second']);
      expect(observer.heard).to.deep.equal(['A', 'complete']);
    });

    it('should tear all of them down, once, when the source ends', () => {
      for (const end of ['complete', 'error'] as const) {
        const [source$, notifier$, log] = [new Subject<string>(), new Subject<void>(), [] as string[]];
        const subscriber = new DirectSubscriber<string>(listener());
        chain(source$, log, notifier$).subscribe(subscriber);
        source$[end]('broken');
        subscriber.unsubscribe();
        expect([notifier$.observed, subscriber.closed]).to.deep.equal([false, true]);
        expect(log).to.have.members(['first', 'second']);
        expect(log).to.have.length(2);
      }
    });
  });

  describe('behind a plain observer, which RxJS wraps', () => {
    const wrapped = <V>(subscriber: DirectSubscriber<V>) => ({
      next: (value: V) => {
        subscriber.next(value);
      },
      error: (error: unknown) => {
        subscriber.error(error);
      },
      complete: () => {
        subscriber.complete();
      },
    });

    it('should hear the same, and let go of the source at its end', () => {
      for (const end of ['complete', 'error'] as const) {
        const source$ = new Subject<string>();
        const observer = listener();
        const subscriber = new DirectSubscriber<string>(observer);
        const subscription = source$.subscribe(wrapped(subscriber));
        expect(subscription).not.to.equal(subscriber);
        subscriber.add(subscription);
        source$.next('a');
        source$[end]('broken');
        expect(observer.heard).to.deep.equal(['a', end === 'complete' ? 'complete' : 'error broken']);
        expect([subscriber.closed, subscription.closed]).to.deep.equal([true, true]);
      }
    });

    it('should let go of the source when it is unsubscribed', () => {
      const source$ = new Subject<string>();
      const observer = listener();
      const subscriber = new DirectSubscriber<string>(observer);
      subscriber.add(source$.subscribe(wrapped(subscriber)));
      source$.next('a');
      subscriber.unsubscribe();
      expect(source$.observed).to.equal(false);
      source$.next('b');
      expect(observer.heard).to.deep.equal(['a']);
    });

    it('should hear nothing more of a synchronous source once it is unsubscribed, nor keep it', () => {
      let torn = 0;
      const observer = listener({
        next: () => {
          subscriber.unsubscribe();
        },
      });
      const subscriber = new DirectSubscriber<number>(observer);
      const source$ = range(1, 5).pipe(finalize(() => torn++));
      subscriber.add(source$.subscribe(wrapped(subscriber)));
      expect([observer.heard, torn]).to.deep.equal([['1'], 1]);
    });

    it('should let go of a source that has not ended when it is unsubscribed before it can be told of it', () => {
      const source$ = new Subject<string>();
      const observer = listener({
        next: () => {
          subscriber.unsubscribe();
        },
      });
      const subscriber = new DirectSubscriber<string>(observer);
      const first$ = new Observable<string>((to) => {
        to.next('at once');
        return source$.subscribe(to);
      });
      subscriber.add(first$.subscribe(wrapped(subscriber)));
      expect([observer.heard, source$.observed]).to.deep.equal([['at once'], false]);
    });
  });
});
