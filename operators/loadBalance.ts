/** The balancer: a shared subject, and one inner stream a connection that pulls from it while it is up. */
import {
  distinctUntilChanged,
  finalize,
  identity,
  mergeMap,
  Observable,
  retry,
  switchMap,
  takeUntil,
  tap,
  timeout,
  type OperatorFunction,
} from 'rxjs';
import type { ConnectionInput, Connections, EventOf, ValueOf } from '../src/connection.js';
import { listsFrom } from '../src/internal/lists.js';
import { Membership } from '../src/internal/membership.js';
import { pullerFor, type AnyPuller } from '../src/internal/pullerFor.js';
import { PullSubject } from '../src/internal/pullSubject.js';
import { settingsFrom } from '../src/internal/settings.js';
import type { LoadBalanceOptions } from '../src/options.js';
import type { Outcome } from '../src/outcome.js';

/**
 * Spreads events over connections that may fail, and emits one outcome for each.
 *
 * *Every event to one of these places, whichever can take it, and tell me what became of it.*
 *
 * Connections pull: each takes an event when it is up and has a free place in its window, in turns, so the
 * faster one takes more. A failed event goes to another connection, up to `maxAttempts`; a failed
 * connection is opened again after `reconnectDelay`.
 *
 * ```text
 * source:                 ab-c------|
 * one   (--x, window 1):  --a--c
 * other (----x, window 1): ----b
 * loadBalance([…]):       --a--(bc)-|
 * ```
 *
 * **Order.** Events are taken first in, first out; outcomes come in the order in which sends end.
 *
 * **Delivery** is at least once: a send whose answer was lost is made again.
 *
 * **Memory.** Events wait in a queue that is unbounded by default, and by default they wait for as long as
 * no connection is up; see `queue` and `timeout.wait`, and `loadBalanceFrom` for a source that can wait.
 *
 * **Errors.** Failing sends and connections never make the output error. When the source errors, the
 * outstanding events get their outcomes first, then the error is passed on. The output also errors when a
 * function given as an option throws, after all outstanding events were dropped with reason `closed`.
 *
 * **Completion** follows the last outcome after the source has completed. **Unsubscription** cancels all
 * sends and closes all connections at once, without outcomes.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 *
 * const slow = async (event: string): Promise<string> => {
 *   await new Promise((resolve) => setTimeout(resolve, 50));
 *   return event.toUpperCase();
 * };
 * const broken = async (): Promise<string> => {
 *   throw new Error('not today');
 * };
 *
 * from(['a', 'b', 'c'])
 *   .pipe(loadBalance([slow, broken]))
 *   .subscribe((outcome) => console.log(outcome.status, outcome.event, outcome.attempts));
 * // delivered a 1, delivered b 2, delivered c 1
 * ```
 * @param connections Where events can go: a list of connections or bare functions; a stream of such lists,
 * to change the membership while running; or a function, called once per subscription, that returns either.
 * @param options Attempts, timeouts, backoff, queue, closing; everything has a default.
 * @returns A function that returns an Observable of outcomes, exactly one for every event of the source.
 * @throws TypeError or RangeError when a connection or an option is not what it should be.
 * @see {@link loadBalanceFrom} for iterables, {@link LoadBalancer} for events that come one by one.
 */
export function loadBalance<T, C extends ConnectionInput<T>>(
  connections: Connections<C>,
  options?: LoadBalanceOptions<NoInfer<T>>,
): OperatorFunction<T, Outcome<T, ValueOf<C>>>;
export function loadBalance<C extends ConnectionInput<never>>(
  connections: Connections<C>,
  options?: LoadBalanceOptions<EventOf<C>>,
): <T extends EventOf<C>>(source: Observable<T>) => Observable<Outcome<T, ValueOf<C>>>;
export function loadBalance<T, R>(
  connections: Connections<ConnectionInput<T, R>>,
  options: LoadBalanceOptions<T> = {},
): OperatorFunction<T, Outcome<T, R>> {
  const settings = settingsFrom('loadBalance', options);
  const lists$ = listsFrom('loadBalance', connections);
  const { connect } = settings.timeout;
  const soonUp =
    connect === Infinity ? identity : timeout<never>({ first: connect, scheduler: settings.scheduler });

  // Keeps one connection open, and pulls while it is up. An error means that it broke: that is retried.
  const whileUp = (puller: AnyPuller<T, R>): Observable<never> =>
    puller.state$.pipe(
      distinctUntilChanged(),
      tap((state) => {
        puller.reportState(state);
      }),
      switchMap((state) => {
        switch (state) {
          case 'up':
            return puller.pull$;
          case 'connecting':
            return puller.rest$.pipe(soonUp);
          case 'down':
            return puller.rest$;
        }
      }),
      retry({ delay: (error) => puller.reconnect(error) }),
      takeUntil(puller.retired$),
    );

  return (source) =>
    new Observable((outcomes) => {
      const events = new PullSubject<T, R>(settings, outcomes);
      const join = (connection: ConnectionInput<T, R>, position: number): AnyPuller<T, R> =>
        pullerFor(connection, position, events);
      const { joins$ } = new Membership(lists$, join, (work) => {
        events.steps.run(work);
      });
      events.run(joins$.pipe(mergeMap(({ member, left }) => whileUp(member).pipe(finalize(left)))), source);
    });
}
