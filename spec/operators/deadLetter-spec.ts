/** What was delivered passes, what was dropped goes to the sink. */
import { expect } from 'chai';
import { from, map, mergeMap, NEVER, of, Subject, take } from 'rxjs';
import { deadLetter, loadBalance, RejectedError, type Dropped, type Outcome } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const delivered = (value: number): Outcome<string, number> => ({
  status: 'delivered',
  event: String(value),
  value,
  connection: 'here',
  attempts: 1,
});
const dropped = (event: string): Dropped<string> => ({
  status: 'dropped',
  event,
  reason: 'rejected',
  error: new RejectedError(event),
  attempts: 1,
  failures: [],
});

/** a and b are delivered, x and y are dropped. */
const outcomes = { a: delivered(1), b: delivered(2), x: dropped('x'), y: dropped('y') };
const values = { a: 1, b: 2 };

describe('deadLetter', () => {
  describe('with a function', () => {
    it('lets the values of delivered events pass, and gives it what was dropped, as its picture shows', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold<Outcome<string, number>>('-a-x-b-|', outcomes);
        const e1subs = '                          ^------!';
        const expected = '                        -a---b-|';
        const letters = '                         ---x----';
        const sink$ = new Subject<Dropped<string>>();
        const sink = (letter: Dropped<string>): void => {
          sink$.next(letter);
        };
        expectObservable(sink$).toBe(letters, outcomes);
        expectObservable(e1.pipe(deadLetter(sink))).toBe(expected, values);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('gives it the very outcome, before the next value passes', () => {
      const log: unknown[] = [];
      of<Outcome<string, number>[]>(outcomes.a, outcomes.x, outcomes.b, outcomes.y)
        .pipe(deadLetter((letter) => log.push(letter)))
        .subscribe((value) => log.push(value));
      expect(log).to.have.length(4);
      expect(log[0]).to.equal(1);
      expect(log[1]).to.equal(outcomes.x);
      expect(log[2]).to.equal(2);
      expect(log[3]).to.equal(outcomes.y);
    });

    it('lets values pass that are undefined', () => {
      const passed: unknown[] = [];
      from<Outcome<string, undefined>[]>([
        { status: 'delivered', event: 'a', value: undefined, connection: 'here', attempts: 1 },
      ])
        .pipe(deadLetter(() => undefined))
        .subscribe((value) => passed.push(value));
      expect(passed).to.deep.equal([undefined]);
    });

    it('makes what it throws the error of the output', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold<Outcome<string, number>>('-a-x-b-|', outcomes);
        const e1subs = '                          ^--!';
        const expected = '                        -a-#';
        const error = new Error('the disk is full');
        const sink = (): void => {
          throw error;
        };
        expectObservable(e1.pipe(deadLetter(sink))).toBe(expected, values, error);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('says nothing to it of completion or of an error', () => {
      run(({ cold, expectObservable, flush }) => {
        const letters: unknown[] = [];
        const sink = (letter: unknown): void => {
          letters.push(letter);
        };
        expectObservable(cold<Outcome<string, number>>('-|').pipe(deadLetter(sink))).toBe('-|');
        expectObservable(cold<Outcome<string, number>>('-#').pipe(deadLetter(sink))).toBe('-#');
        flush();
        expect(letters).to.deep.equal([]);
      });
    });
  });

  describe('with an observer', () => {
    it('gives it what was dropped, and tells it of completion', () => {
      run(({ cold, expectObservable }) => {
        const e1 = cold<Outcome<string, number>>('-a-x-b-y-|', outcomes);
        const expected = '                        -a---b---|';
        const letters = '                         ---x---y-|';
        const sink$ = new Subject<Dropped<string>>();
        expectObservable(sink$).toBe(letters, outcomes);
        expectObservable(e1.pipe(deadLetter(sink$))).toBe(expected, values);
      });
    });

    it('tells it of an error', () => {
      run(({ cold, expectObservable }) => {
        const e1 = cold<Outcome<string, number>>('-a-x-#', outcomes, 'broken');
        const expected = '                        -a---#';
        const letters = '                         ---x-#';
        const sink$ = new Subject<Dropped<string>>();
        expectObservable(sink$).toBe(letters, outcomes, 'broken');
        expectObservable(e1.pipe(deadLetter(sink$))).toBe(expected, values, 'broken');
      });
    });

    it('needs none of its methods', () => {
      run(({ cold, expectObservable }) => {
        const e1 = cold<Outcome<string, number>>('-a-x-b-|', outcomes);
        const e2 = cold<Outcome<string, number>>('-a-x-#', outcomes);
        expectObservable(e1.pipe(deadLetter({}))).toBe('-a---b-|', values);
        expectObservable(e2.pipe(deadLetter({}))).toBe('-a---#', values);
      });
    });

    it('calls its methods as methods', () => {
      class Letters {
        readonly kept: string[] = [];
        ended = 0;
        next({ event }: Dropped<string>): void {
          this.kept.push(event);
        }
        error(): void {
          this.ended++;
        }
        complete(): void {
          this.ended++;
        }
      }
      run(({ cold, expectObservable, flush }) => {
        const letters = new Letters();
        expectObservable(cold<Outcome<string, number>>('x|', outcomes).pipe(deadLetter(letters))).toBe('-|');
        expectObservable(cold<Outcome<string, number>>('y#', outcomes).pipe(deadLetter(letters))).toBe('-#');
        flush();
        expect(letters.kept).to.deep.equal(['x', 'y']);
        expect(letters.ended).to.equal(2);
      });
    });

    it('makes what it throws the error of the output', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold<Outcome<string, number>>('-a-x-b-|', outcomes);
        const e1subs = '                          ^--!';
        const expected = '                        -a-#';
        const error = new Error('the disk is full');
        const sink = {
          next: (): void => {
            throw error;
          },
        };
        expectObservable(e1.pipe(deadLetter(sink))).toBe(expected, values, error);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });
  });

  describe('after a balancer', () => {
    it('separates its outcomes', () => {
      run(({ cold, expectObservable }) => {
        const source = cold('       ax-b|');
        const rejecting = cold('    -#', undefined, new RejectedError('never'));
        const expected = '          --r-(r|)';
        const letters = '           ---x-----';
        const sink$ = new Subject<string>();
        const here = fakeConnection<string>('u', (event) =>
          event === 'x' ? rejecting : cold(event === 'a' ? '--(r|)' : '-(r|)'),
        );
        const result$ = source.pipe(
          loadBalance([here]),
          deadLetter(({ event, reason }) => {
            sink$.next(`${event} ${reason}`);
          }),
        );
        expectObservable(sink$).toBe(letters, { x: 'x rejected' });
        expectObservable(result$).toBe(expected);
      });
    });

    it('ends the balancer when the sink throws', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source = cold('       xa-----|');
        const sourceSubs = '        ^-!';
        const expected = '          --#';
        const here = fakeConnection<string>(
          'u',
          (event) => (event === 'x' ? cold('--#', undefined, new RejectedError('never')) : NEVER),
          { window: 2 },
        );
        const sink = (): void => {
          throw new Error('the disk is full');
        };
        const result$ = source.pipe(loadBalance([here]), deadLetter(sink));
        expectObservable(result$).toBe(expected, undefined, new Error('the disk is full'));
        expectSubscriptions(source.subscriptions).toBe(sourceSubs);
        flush();
        expect(here.closed).to.deep.equal([2]);
      });
    });
  });

  describe('as any operator', () => {
    const letters: Dropped<string>[] = [];
    const sink = (letter: Dropped<string>): void => {
      letters.push(letter);
    };

    it('never ends when the source never does', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold<Outcome<string, number>>('-');
        const e1subs = '                          ^';
        const expected = '                        -';
        expectObservable(e1.pipe(deadLetter(sink))).toBe(expected);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('completes at once when the source is empty', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold<Outcome<string, number>>('|');
        const e1subs = '                          (^!)';
        const expected = '                        |';
        expectObservable(e1.pipe(deadLetter(sink))).toBe(expected);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('passes an error on', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold<Outcome<string, number>>('-a-x-#', outcomes, 'broken');
        const e1subs = '                          ^----!';
        const expected = '                        -a---#';
        expectObservable(e1.pipe(deadLetter(sink))).toBe(expected, values, 'broken');
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('leaves the source when it is unsubscribed early', () => {
      run(({ hot, expectObservable, expectSubscriptions, flush }) => {
        const e1 = hot<Outcome<string, number>>('-a-x-b-y-|', outcomes);
        const unsub = '                          ----!';
        const e1subs = '                         ^---!';
        const expected = '                       -a---';
        letters.length = 0;
        expectObservable(e1.pipe(deadLetter(sink)), unsub).toBe(expected, values);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
        flush();
        expect(letters).to.deep.equal([outcomes.x]);
      });
    });

    it('should not break unsubscription chains when result is unsubscribed explicitly', () => {
      run(({ hot, expectObservable, expectSubscriptions }) => {
        const e1 = hot<Outcome<string, number>>('-a-x-b-y-|', outcomes);
        const unsub = '                          ----!';
        const e1subs = '                         ^---!';
        const expected = '                       -a---';
        const result$ = e1.pipe(
          mergeMap((outcome) => of(outcome)),
          deadLetter(sink),
          mergeMap((value) => of(value)),
        );
        expectObservable(result$, unsub).toBe(expected, values);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should stop listening to a synchronous observable when unsubscribed', () => {
      let emitted = 0;
      of<Outcome<string, number>[]>(...Array.from({ length: 10 }, () => outcomes.a))
        .pipe(
          map((outcome) => {
            emitted++;
            return outcome;
          }),
          deadLetter(sink),
          take(3),
        )
        .subscribe();
      expect(emitted).to.equal(3);
    });
  });
});
