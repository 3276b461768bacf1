/** The balancer in RxJS's own operators: to learn from, and the model that the real one is held to. */
import * as rx from 'rxjs';
import type {
  Connection,
  DropReason,
  Dropped,
  FailedAttempt,
  Outcome,
  TemporaryError,
} from 'rxjs-load-balance';

/** As in `loadBalance`, all of them given; a connection's window is a number here. */
export interface ComposedOptions<T> extends Record<'maxAttempts' | 'reconnectDelay', number> {
  readonly guaranteed: (event: T) => boolean;
  readonly timeout: Record<'connect' | 'send', number>;
  readonly closeOn: rx.Observable<unknown>;
}
type Job<T> = Pick<Dropped<T>, 'event'> & { readonly failures: FailedAttempt[]; attempts: number };
type Failure = Partial<Omit<TemporaryError, 'name'>> & { readonly name: string };

/** Whatever happens is queued, and so are the turns that follow: they come after all that happens at once. */
const queued = <V>() => rx.observeOn<V>(rx.queueScheduler);
const wait = (delay: number) => rx.timer(delay).pipe(queued());
const within = <V>(first: number) =>
  first === Infinity ? rx.identity<rx.Observable<V>> : rx.timeout<V, never>({ first });

export function composed<T, R>(
  connections: readonly Connection<T, R>[],
  { maxAttempts, guaranteed, timeout: limits, reconnectDelay, closeOn }: ComposedOptions<T>,
) {
  const subscribed = (source: rx.Observable<T>) => {
    const waiting: Job<T>[] = [];
    const outstanding = new Set<Job<T>>();
    const outcomes$ = new rx.Subject<readonly [Job<T>, Outcome<T, R>]>();
    const turns$ = new rx.Subject<void>();
    let end: (() => rx.Observable<never>) | undefined;
    const takeTurns = () => rx.queueScheduler.schedule(turns$.next.bind(turns$));
    const arrive = (event: T) => {
      const job = { event, failures: [], attempts: 0 };
      outstanding.add(job);
      waiting.push(job);
      takeTurns();
    };
    const drop = (job: Job<T>, reason: DropReason, error: unknown) => {
      outcomes$.next([job, { ...job, status: 'dropped', reason, error }]);
    };
    const putBack = (job: Job<T>, error: unknown) => {
      const ahead = waiting.filter(({ attempts }) => job.attempts > 1 || attempts === 1);
      if (job.attempts >= maxAttempts && !guaranteed(job.event)) drop(job, 'attempts', error);
      else waiting.splice(ahead.length, 0, job);
    };

    /** Opens a connection; while it is up, it takes a job in every turn in which it has room for one. */
    const balance = ({ name, state$, window = 1, ...connection }: Connection<T, R>) => {
      let [inFlight, pauses, paused, onProbation] = [0, 0, false, false];
      let breaks$: rx.Subject<unknown>;
      const pauses$ = new rx.Subject<number>();
      const hasRoom = () => !paused && inFlight < Math.min(Number(window), onProbation ? 1 : Infinity);
      const isNew = ({ attempts }: Job<T>) => attempts === 0;
      const take = () => waiting.splice(onProbation ? Math.max(0, waiting.findIndex(isNew)) : 0, 1);
      const attempt = (job: Job<T>) => {
        const [{ signal }, before] = [new AbortController(), pauses];
        const delivered = (value: R) => {
          onProbation = false;
          outcomes$.next([job, { ...job, status: 'delivered', connection: name, value }]);
        };
        const failed = (error: Failure) => {
          const { name: kind, retryAfter = reconnectDelay } = error;
          job.failures.push({ connection: name, error });
          onProbation = kind !== 'RejectedError';
          if (kind === 'RejectedError') drop(job, 'rejected', error);
          else putBack(job, error);
          if (onProbation && kind !== 'TemporaryError') breaks$.next(error);
          if (kind === 'TemporaryError' && retryAfter > 0 && pauses === before) pauses$.next(retryAfter);
        };
        const over = () => (inFlight--, takeTurns());
        inFlight++;
        takeTurns();
        const answer$ = rx.defer(() => connection.send(job.event, { attempt: ++job.attempts, signal }));
        const value$ = answer$.pipe(rx.takeLast(1), rx.defaultIfEmpty(undefined as R), within(limits.send));
        const cancelled = () => {
          putBack(job, new Error(`${name} is no longer up`));
        };
        const told = rx.tap({ next: delivered, error: failed, unsubscribe: cancelled, finalize: over });
        return value$.pipe(queued(), told, rx.onErrorResumeNextWith());
      };
      const jobs$ = turns$.pipe(rx.tap({ subscribe: takeTurns }), rx.filter(hasRoom), rx.mergeMap(take));
      const opened$ = rx.defer(() => {
        breaks$ = new rx.ReplaySubject<unknown>(1);
        const down = breaks$.pipe(rx.mergeMap((error) => rx.throwError(() => error)));
        const unbroken$ = jobs$.pipe(rx.takeUntil(breaks$));
        const up = rx.concat(unbroken$.pipe(rx.mergeMap(attempt)), down);
        const during = { up, down, connecting: down.pipe(within(limits.connect)) };
        const states$ = rx.concat(['connecting' as const], state$).pipe(rx.distinctUntilChanged(), queued());
        return states$.pipe(rx.switchMap((state) => during[state]));
      });
      const failing = rx.tap({ error: () => (onProbation = true) });
      const pause = () => ([paused, pauses] = [true, pauses + 1]);
      const resume = () => (paused = false);
      const pausing$ = pauses$.pipe(rx.tap(pause), rx.switchMap(wait), rx.tap(resume), rx.tap(takeTurns));
      const reopened$ = opened$.pipe(failing, rx.retry({ delay: () => wait(reconnectDelay) }));
      return rx.merge(reopened$, pausing$).pipe(rx.ignoreElements());
    };

    const ending = (happening$: rx.Observable<unknown>) => {
      const error = (thrown: unknown) => (end = () => rx.throwError(() => thrown));
      const complete = () => (end ??= () => rx.EMPTY);
      const ended = rx.tap<unknown>({ error, complete, finalize: takeTurns });
      return happening$.pipe(ended, rx.ignoreElements(), rx.onErrorResumeNextWith());
    };
    const close = (cause: unknown) => {
      for (const job of outstanding) drop(job, 'closed', cause);
    };
    const closed$ = rx.concat(closeOn, rx.NEVER).pipe(rx.take(1), queued());
    const closing$ = ending(closed$.pipe(rx.tap({ next: close, error: close })));
    const events$ = ending(source.pipe(queued(), rx.tap(arrive)));
    const first$ = outcomes$.pipe(rx.filter(([job]) => outstanding.delete(job)));
    const results$ = first$.pipe(
      rx.map((pair) => pair[1]),
      rx.finalize(turns$.complete.bind(turns$)),
    );
    const all$ = rx.merge(results$, closing$, ...connections.map(balance), events$);
    const over$ = turns$.pipe(rx.filter(() => end !== undefined && outstanding.size === 0));
    const end$ = rx.defer(() => end?.() ?? rx.EMPTY);
    return rx.concat(all$.pipe(rx.takeUntil(over$)), end$);
  };
  return (source: rx.Observable<T>) => rx.defer(() => subscribed(source));
}
