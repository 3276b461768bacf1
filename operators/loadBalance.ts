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

  /** Keeps a connection open, and pulls while it is up. Errors mean that it broke, and are retried. */
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
