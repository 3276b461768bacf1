/** R17, R18, R20, R23 where a teardown of the user's throws: it is reported as unhandled, and nothing is lost by it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  BehaviorSubject,
  concat,
  config,
  finalize,
  NEVER,
  Observable,
  of,
  repeat,
  Subject,
  throwError,
  type ObservableInput,
} from 'rxjs';
import {
  loadBalance,
  TemporaryError,
  type Connection,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';

const up$ = concat(of<ConnectionState>('up'), NEVER);

/** Emits these values, and ends or does not; its teardown throws. */
function leaking<V>(values: readonly V[], ends = false): Observable<V> {
  return new Observable((subscriber) => {
    for (const value of values) {
      subscriber.next(value);
    }
    if (ends) {
      subscriber.complete();
    }
    return () => {
      throw new Error('the teardown failed');
    };
  });
}

/** What comes out, in short; and what it does when it is left. */
function follow(outcome$: Observable<Outcome<string>>) {
  const seen: string[] = [];
  const subscription = outcome$.subscribe({
    next: (outcome) =>
      seen.push(`${outcome.event} ${outcome.status === 'dropped' ? outcome.reason : outcome.attempts}`),
    error: (error: unknown) => seen.push(String(error)),
    complete: () => seen.push('end'),
  });
  return { seen, subscription };
}

describe('a teardown that throws', () => {
  let unhandled: string[];

  beforeEach(() => {
    unhandled = [];
    config.onUnhandledError = (error: unknown) => unhandled.push(String(error));
  });

  afterEach(() => {
    config.onUnhandledError = null;
  });

  /** Until RxJS has reported: it takes a timer. */
  const reported = async (): Promise<void> => {
    await sleep(1);
    expect(unhandled).to.have.lengthOf(1);
    expect(unhandled[0]).to.include('the teardown failed');
  };

  const place = (parts: Partial<Connection<string>> = {}): Connection<string> => ({
    name: 'place',
    state$: up$,
    send: () => of('r'),
    ...parts,
  });

  for (const [what, parts] of [
    ['of state$', { state$: leaking<ConnectionState>(['up']) }],
    ['of window', { window: leaking([1]) }],
  ] as const) {
    it(`${what} should not keep a connection from being opened again`, async () => {
      let sends = 0;
      const send = (): ObservableInput<string> => {
        if (sends++ === 0) {
          throw new Error('not yet');
        }
        return of('r');
      };
      const source$ = new BehaviorSubject('a');
      const { seen } = follow(
        source$.pipe(loadBalance([place({ ...parts, send })], { reconnectDelay: () => of(0) })),
      );
      expect(seen).to.deep.equal(['a 2']);
      await reported();
    });
  }

  it('of a source that has ended at once should not fail the output', async () => {
    const { seen } = follow(leaking(['a'], true).pipe(loadBalance([place()])));
    expect(seen).to.deep.equal(['a 1', 'end']);
    await reported();
  });

  it('of a source should not keep what is outstanding from its outcome when it is closed', async () => {
    const close$ = new Subject<void>();
    const source$ = leaking(['a', 'b']);
    const { seen } = follow(source$.pipe(loadBalance([place({ send: () => NEVER })], { closeOn: close$ })));
    close$.next();
    expect(seen).to.deep.equal(['a closed', 'b closed', 'end']);
    await reported();
  });

  it('of a source should not leave connections open when it is left', async () => {
    let open = true;
    const state$ = up$.pipe(finalize(() => (open = false)));
    const { subscription } = follow(leaking(['a']).pipe(loadBalance([place({ state$, send: () => NEVER })])));
    subscription.unsubscribe();
    expect(open).to.equal(false);
    await reported();
  });

  it('of a send that has answered at once should be reported', async () => {
    const { seen } = follow(of('a').pipe(loadBalance([place({ send: () => leaking(['r'], true) })])));
    expect(seen).to.deep.equal(['a 1', 'end']);
    await reported();
  });

  it('of a source that ends later should be reported, and not thrown at whoever ends it', async () => {
    const events$ = new Subject<string>();
    const source$ = new Observable<string>((subscriber) => {
      events$.subscribe(subscriber);
      return () => {
        throw new Error('the teardown failed');
      };
    });
    const { seen } = follow(source$.pipe(loadBalance([place()])));
    events$.next('a');
    events$.complete();
    expect(seen).to.deep.equal(['a 1', 'end']);
    await reported();
  });

  for (const [what, error] of [
    ['a backoff', new Error('broke off')],
    ['a pause', new TemporaryError('busy')],
  ] as const) {
    it(`of ${what} should not keep a connection from leaving`, async () => {
      const state$ = new BehaviorSubject<ConnectionState>('up');
      const lists$ = new BehaviorSubject([place({ state$, send: () => throwError(() => error) })]);
      const { seen } = follow(of('a').pipe(loadBalance(lists$, { reconnectDelay: () => leaking([]) })));
      lists$.next([]);
      lists$.complete();
      expect(seen).to.deep.equal(['a no-connection', 'end']);
      await reported();
    });
  }

  it('of a backoff that is over at once should be reported', async () => {
    let sends = 0;
    const send = (): ObservableInput<string> =>
      sends++ === 0 ? throwError(() => new Error('not yet')) : of('r');
    const { seen } = follow(
      of('a').pipe(loadBalance([place({ send })], { reconnectDelay: () => leaking([0]) })),
    );
    expect(seen).to.deep.equal(['a 2', 'end']);
    await reported();
  });

  it('is none of a backoff that emits for ever, at once: it is left with its first', () => {
    let sends = 0;
    const send = (): ObservableInput<string> =>
      sends++ === 0 ? throwError(() => new Error('not yet')) : of('r');
    const { seen } = follow(
      of('a').pipe(loadBalance([place({ send })], { reconnectDelay: () => of(0).pipe(repeat()) })),
    );
    expect(seen).to.deep.equal(['a 2', 'end']);
  });

  it('is no failure of the source; but that it cannot be subscribed is one', () => {
    const source$ = Object.assign(new Observable<string>(), {
      subscribe: () => {
        throw new Error('no way in');
      },
    });
    const { seen } = follow(loadBalance([place()])(source$));
    expect(seen).to.deep.equal(['Error: no way in']);
  });
});
