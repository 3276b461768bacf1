/** R10, R14, R17, R21 where an outcome's consumer does something to the connections by which it was caused. */
import { expect } from 'chai';
import {
  BehaviorSubject,
  concat,
  defer,
  EMPTY,
  from,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  throwError,
  type Subscriber,
} from 'rxjs';
import { isDropped, loadBalance, type Connection, type ConnectionState } from '../../src/index.js';

const broken$ = throwError(() => new Error('broke off'));

/** A connection of which each opening is counted. */
function counted(
  openedAs: () => Observable<ConnectionState>,
  send: Connection<string>['send'],
): { readonly one: Connection<string>; readonly openings: () => number } {
  let openings = 0;
  const state$ = defer(() => {
    openings++;
    return openedAs();
  });
  return { one: { name: 'one', state$, send, window: 2 }, openings: () => openings };
}

describe('inside an outcome', () => {
  it('a connection that goes down while it breaks should be opened again', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const { one, openings } = counted(
      () => state$,
      (event) => (event === 'a' ? broken$ : of(event)),
    );
    const source$ = new Subject<string>();
    const seen: string[] = [];
    source$
      .pipe(loadBalance([one], { maxAttempts: 1, reconnectDelay: () => of(0) }))
      .subscribe(({ status, event }) => {
        seen.push(`${event} ${status}`);
        if (event === 'a') {
          state$.next('down');
        }
      });
    source$.next('a');
    state$.next('up');
    source$.next('b');
    expect(seen).to.deep.equal(['a dropped', 'b delivered']);
    expect(openings()).to.equal(2);
  });

  it('a removed connection that is listed again while it breaks should be opened anew', () => {
    const lives = [new BehaviorSubject<ConnectionState>('up'), new BehaviorSubject<ConnectionState>('up')];
    const { one, openings } = counted(
      () => lives.shift() ?? NEVER,
      () => NEVER,
    );
    const [first] = lives;
    const lists$ = new BehaviorSubject([one]);
    const source$ = new Subject<string>();
    const seen: string[] = [];
    source$
      .pipe(loadBalance(lists$, { maxAttempts: 1, reconnectDelay: () => NEVER }))
      .subscribe(({ event }) => {
        seen.push(event);
        lists$.next([one]);
      });
    source$.next('a');
    lists$.next([]);
    first?.error(new Error('broke off'));
    expect(seen).to.deep.equal(['a']);
    expect(openings()).to.equal(2);
  });

  it('a removed connection that is listed again while its sends are cancelled should be opened anew', () => {
    const answers: Subscriber<never>[] = [];
    const { one, openings } = counted(
      () => new BehaviorSubject<ConnectionState>('up'),
      () => new Observable<never>((subscriber) => void answers.push(subscriber)),
    );
    const lists$ = new BehaviorSubject([one]);
    const source$ = new Subject<string>();
    const seen: string[] = [];
    source$
      .pipe(loadBalance(lists$, { maxAttempts: 1, reconnectDelay: () => NEVER }))
      .subscribe(({ event }) => {
        seen.push(event);
        // `a` has failed, and its connection is removed. Since it is a removed one that fails, `b` is cancelled.
        lists$.next(event === 'b' ? [one] : []);
      });
    source$.next('a');
    source$.next('b');
    answers[0]?.error(new Error('broke off'));
    expect(seen).to.deep.equal(['a', 'b']);
    expect(openings()).to.equal(2);
  });

  it('a connection that retires while its sends are cancelled, and is listed anew, should be opened anew', () => {
    const answers: Subscriber<never>[] = [];
    const wait$ = new Subject<never>();
    const { one, openings } = counted(
      () => new BehaviorSubject<ConnectionState>('up'),
      () => new Observable<never>((subscriber) => void answers.push(subscriber)),
    );
    const lists$ = new BehaviorSubject([one]);
    const source$ = new Subject<string>();
    const seen: string[] = [];
    const options = { maxAttempts: 1, timeout: { send: Infinity }, reconnectDelay: () => wait$ };
    source$.pipe(loadBalance(lists$, options)).subscribe(({ event }) => {
      seen.push(event);
      if (event === 'b') {
        lists$.next([]);
        lists$.next([one]);
      }
    });
    source$.next('a');
    source$.next('b');
    answers[0]?.error(new Error('broke off'));
    // There is to be no next try, so that `b` is cancelled.
    wait$.complete();
    expect(seen).to.deep.equal(['a', 'b']);
    expect(openings()).to.equal(2);
  });

  it('whoever leaves while the balancer closes should have the monitor told of no end', () => {
    const close$ = new Subject<void>();
    const ends: string[] = [];
    const monitor = { complete: () => ends.push('complete'), error: () => ends.push('error') };
    const down = { name: 'down', state$: concat(of('down' as const), NEVER), send: () => NEVER };
    concat(of('a', 'b'), NEVER)
      .pipe(loadBalance([down], { closeOn: close$, monitor }), take(1))
      .subscribe();
    close$.next();
    expect(ends).to.deep.equal([]);
  });

  it('the rest of a batch should be dropped when its connection has left, and no other can come', () => {
    const batch = { size: 2, linger: 5, send: () => broken$ };
    const one = { name: 'one', state$: new BehaviorSubject<ConnectionState>('up'), batch };
    const lists$ = new BehaviorSubject([one]);
    const seen: string[] = [];
    const isGuaranteed = (event: string): boolean => event === 'b';
    from(['a', 'b'])
      .pipe(loadBalance(lists$, { maxAttempts: 1, guaranteed: isGuaranteed, reconnectDelay: () => EMPTY }))
      .subscribe({
        next: (outcome) => {
          seen.push(`${outcome.event} ${isDropped(outcome) ? outcome.reason : 'delivered'}`);
          lists$.next([]);
          lists$.complete();
        },
        complete: () => seen.push('end'),
      });
    expect(seen).to.deep.equal(['a attempts', 'b no-connection', 'end']);
  });
});
