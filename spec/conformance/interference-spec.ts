/** R1, R16, R17, R19, R20, R22 where a user's function does something to the balancer that has just called it. */
import { expect } from 'chai';
import {
  BehaviorSubject,
  concat,
  finalize,
  from,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  type Subscription,
} from 'rxjs';
import { useFakeTimers } from 'sinon';
import {
  isDelivered,
  loadBalance,
  loadBalanceFrom,
  type Connection,
  type ConnectionState,
  type Outcome,
  type SendContext,
} from '../../src/index.js';

const alwaysUp$ = concat(of<ConnectionState>('up'), NEVER);

/** What an outcome says, in a word or three. */
function brief(outcome: Outcome<string>): string {
  return isDelivered(outcome)
    ? `${outcome.event} by ${outcome.connection}`
    : `${outcome.event} ${outcome.reason}`;
}

describe('an iterator that, when it is asked,', () => {
  const events = ['a', 'b', 'c', 'd'];

  /** Gives the events; before the one at `index`, does something. */
  function* before(index: number, act: () => void): Generator<string> {
    for (const [at, event] of events.entries()) {
      if (at === index) {
        act();
      }
      yield event;
    }
  }

  // The first event is taken by one that stands in line; a later one by one that has just been answered.
  for (const [when, index] of [
    ['for its first event', 0],
    ['for a later one', 2],
  ] as const) {
    const rest = events.slice(index);

    it(`${when}, takes the connection down, should have its event wait until it is up again`, () => {
      const state$ = new BehaviorSubject<ConnectionState>('up');
      const sends: string[] = [];
      const outcomes: string[] = [];
      const send = (event: string): Observable<string> => {
        sends.push(`${event} while ${state$.value}`);
        return of('r');
      };
      const source = before(index, () => {
        state$.next('down');
      });

      loadBalanceFrom(source, [{ name: 'one', state$, send }]).subscribe((outcome) =>
        outcomes.push(brief(outcome)),
      );
      expect(outcomes).to.have.lengthOf(index);
      state$.next('up');

      expect(sends).to.deep.equal(events.map((event) => `${event} while up`));
      expect(outcomes).to.deep.equal(events.map((event) => `${event} by one`));
    });

    it(`${when}, takes the connection down, should leave the rest to another`, () => {
      const state$ = new BehaviorSubject<ConnectionState>('up');
      const sends: string[] = [];
      const outcomes: string[] = [];
      const place = (name: string, states$: Observable<ConnectionState>): Connection<string, string> => ({
        name,
        state$: states$,
        send: (event) => {
          sends.push(`${event} to ${name}`);
          return of('r');
        },
      });
      const source = before(index, () => {
        state$.next('down');
      });

      loadBalanceFrom(source, [place('one', state$), place('two', alwaysUp$)]).subscribe((outcome) =>
        outcomes.push(brief(outcome)),
      );

      expect(sends.slice(index)).to.deep.equal(rest.map((event) => `${event} to two`));
      expect(outcomes).to.have.lengthOf(events.length);
    });

    it(`${when}, closes, should have its event dropped, and not sent`, () => {
      const close$ = new Subject<void>();
      const sends: string[] = [];
      const outcomes: string[] = [];
      const send = (event: string): Observable<string> => {
        sends.push(event);
        return of('r');
      };
      const source = before(index, () => {
        close$.next();
      });

      loadBalanceFrom(source, [{ name: 'one', state$: alwaysUp$, send }], { closeOn: close$ }).subscribe({
        next: (outcome) => outcomes.push(brief(outcome)),
        complete: () => outcomes.push('complete'),
      });

      expect(sends).to.deep.equal(events.slice(0, index));
      expect(outcomes.slice(index)).to.deep.equal([`${String(events[index])} closed`, 'complete']);
    });
  }

  it('ends the subscription, should have nothing sent any more', async () => {
    const sends: string[] = [];
    const send = (event: string): Promise<string> => {
      sends.push(event);
      return Promise.resolve('r');
    };
    const leaving: { subscription?: Subscription } = {};
    const source = before(2, () => leaving.subscription?.unsubscribe());

    leaving.subscription = loadBalanceFrom(source, [send]).subscribe();
    await new Promise(setImmediate);

    expect(sends).to.deep.equal(['a', 'b']);
  });

  it('takes down a connection that fills a batch, should have the events wait for it', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const sends: string[] = [];
    const send = (batch: readonly string[]): Observable<void> => {
      sends.push(`${batch.join('')} while ${state$.value}`);
      return of(undefined);
    };
    const source = before(1, () => {
      state$.next('down');
    });

    loadBalanceFrom(source, [{ name: 'one', state$, batch: { size: 2, send } }]).subscribe();
    expect(sends).to.deep.equal([]);
    state$.next('up');

    expect(sends).to.deep.equal(['ab while up', 'cd while up']);
  });
});

describe('a queue without room', () => {
  const queue = { capacity: 0 };

  it('should not drop what comes while the outcome of one connection is caused by that of another', () => {
    const source$ = new Subject<string>();
    const answers = new Map<string, Subject<never>>();
    const place = (name: string): Connection<string> => ({
      name,
      state$: alwaysUp$,
      send: (event) => {
        const answer$ = new Subject<never>();
        answers.set(event, answer$);
        return answer$;
      },
    });
    const [one, two] = [place('one'), place('two')];
    const members$ = new BehaviorSubject([one, two]);
    const outcomes: string[] = [];

    source$.pipe(loadBalance(members$, { queue })).subscribe((outcome) => {
      outcomes.push(brief(outcome));
      if (outcome.event === 'a') {
        answers.get('b')?.complete();
      }
      if (outcome.event === 'b') {
        source$.next('c');
      }
    });
    source$.next('a');
    source$.next('b');
    members$.next([one]);
    answers.get('a')?.complete();
    answers.get('c')?.complete();

    expect(outcomes).to.deep.equal(['a by one', 'b by two', 'c by one']);
  });

  for (const [what, answer] of [
    ['succeeded', () => of('r')],
    [
      'failed',
      () =>
        new Observable<string>((subscriber) => {
          subscriber.error(new Error('no'));
        }),
    ],
  ] as const) {
    it(`should not drop what comes while the monitor hears that a send has ${what}`, () => {
      const source$ = new Subject<string>();
      const sends: string[] = [];
      const outcomes: string[] = [];
      const send = (event: string): Observable<string> => {
        sends.push(event);
        return event === 'a' ? answer() : of('r');
      };

      source$
        .pipe(
          loadBalance([{ name: 'one', state$: alwaysUp$, send, classify: () => 'rejected' as const }], {
            queue,
            monitor: {
              next: (activity) => {
                if (activity.type === 'answer' && sends.length === 1) {
                  source$.next('b');
                }
              },
            },
          }),
        )
        .subscribe((outcome) => outcomes.push(brief(outcome)));
      source$.next('a');

      expect(outcomes).to.deep.equal([what === 'failed' ? 'a rejected' : 'a by one', 'b by one']);
    });
  }
});

describe('a send', () => {
  for (const [what, end] of [
    ['completes', of('r')],
    [
      'fails',
      new Observable<string>((subscriber) => {
        subscriber.error(new Error('no'));
      }),
    ],
  ] as const) {
    it(`that ${what} should have released what it holds before another starts`, () => {
      const log: string[] = [];
      const begin$ = new Subject<string>();
      const send = (event: string): Observable<string> => {
        log.push(`takes for ${event}`);
        return concat(begin$.pipe(take(1)), end).pipe(finalize(() => log.push(`releases for ${event}`)));
      };

      from(['a', 'b'])
        .pipe(loadBalance([{ name: 'one', state$: alwaysUp$, send, classify: () => 'rejected' as const }]))
        .subscribe((outcome) => log.push(`outcome of ${outcome.event}`));
      begin$.next('r');

      expect(log).to.deep.equal(['takes for a', 'releases for a', 'outcome of a', 'takes for b']);
    });
  }

  it('should be told of its end also when it asks while its neighbour is cancelled', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const contexts: SendContext[] = [];
    const send = (_event: string, context: SendContext): Observable<string> => {
      contexts.push(context);
      return new Observable(() => () => {
        // The first to be cancelled asks for the signal of the second.
        contexts[1]?.signal.addEventListener('abort', () => undefined);
      });
    };

    from(['a', 'b'])
      .pipe(loadBalance([{ name: 'one', state$, window: 2, send }], { maxAttempts: 1 }))
      .subscribe();
    state$.next('down');

    expect(contexts.map(({ signal }) => signal.aborted)).to.deep.equal([true, true]);
  });

  it('should have all of its time, whatever rings while its function runs', () => {
    const clock = useFakeTimers({ shouldClearNativeTimers: true });
    try {
      const source$ = new Subject<string>();
      const outcomes: string[] = [];
      const send = (event: string): Observable<string> => {
        if (event === 'b') {
          // The deadline of the other send passes in here.
          clock.tick(400);
        }
        return NEVER;
      };

      const subscription = source$
        .pipe(
          loadBalance([{ name: 'one', state$: alwaysUp$, window: 2, send }], {
            maxAttempts: 1,
            timeout: { send: 500 },
          }),
        )
        .subscribe((outcome) => outcomes.push(brief(outcome)));
      source$.next('a');
      clock.tick(200);
      source$.next('b');
      expect(outcomes).to.deep.equal(['a attempts']);
      clock.tick(499);
      expect(outcomes).to.deep.equal(['a attempts']);
      clock.tick(1);

      expect(outcomes).to.deep.equal(['a attempts', 'b attempts']);
      subscription.unsubscribe();
    } finally {
      clock.restore();
    }
  });
});

describe('a batch', () => {
  it('should be judged by its first event, also when its function has emptied the array', () => {
    const judged: unknown[] = [];
    const send = (batch: readonly string[]): Observable<void> => {
      (batch as string[]).length = 0;
      return new Observable((subscriber) => {
        subscriber.error(new Error('no'));
      });
    };
    const classify = (_error: unknown, event: string): 'rejected' => {
      judged.push(event);
      return 'rejected';
    };

    from(['a'])
      .pipe(loadBalance([{ name: 'one', state$: alwaysUp$, batch: { size: 2, send }, classify }]))
      .subscribe();

    expect(judged).to.deep.equal(['a']);
  });

  it('should be answered with the error of the event that failed when all have been named', () => {
    const errors: unknown[] = [];
    const no = new Error('no');
    const send = () => of([{ index: 0, status: 'failed' as const, error: no }]);

    from(['a'])
      .pipe(
        loadBalance([{ name: 'one', state$: alwaysUp$, batch: { size: 1, send } }], {
          maxAttempts: 1,
          monitor: {
            next: (activity) => {
              if (activity.type === 'answer') {
                errors.push(activity.error);
              }
            },
          },
        }),
      )
      .subscribe();

    expect(errors).to.deep.equal([no]);
  });
});
