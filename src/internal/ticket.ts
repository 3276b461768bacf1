/** One event that was published, with the promise of its outcome. */
import { map, type Observable, type Observer } from 'rxjs';
import type { BalancerActivity } from '../activity.js';
import type { ConnectionInput } from '../connection.js';
import type { LoadBalanceOptions } from '../options.js';
import type { Outcome } from '../outcome.js';
import { limitsOf, takesBatches } from './target.js';

/** Goes through the balancer in place of its event, which need not be unique. */
export class Ticket<T, R> {
  /**
   * @param event The event.
   * @param guaranteed Whether it is guaranteed; `undefined`: as the balancer's option says.
   * @param resolve Takes its outcome.
   */
  constructor(
    readonly event: T,
    readonly guaranteed: boolean | undefined,
    readonly resolve: (outcome: Outcome<T, R>) => void,
  ) {}
}

/** The outcome of a ticket's event. */
export function outcomeOf<T, R>(outcome: Outcome<Ticket<T, R>, R>): Outcome<T, R> {
  return { ...outcome, event: outcome.event.event };
}

/** Connections that take tickets: always the same for the same one, since membership goes by identity. */
export function connectionsForTickets<T, R>(
  lists$: Observable<readonly ConnectionInput<T, R>[]>,
): Observable<readonly ConnectionInput<Ticket<T, R>, R>[]> {
  const known = new WeakMap<ConnectionInput<T, R>, ConnectionInput<Ticket<T, R>, R>>();
  const adapt = (connection: ConnectionInput<T, R>): ConnectionInput<Ticket<T, R>, R> => {
    let adapted = known.get(connection);
    if (adapted === undefined) {
      adapted = connectionForTickets(connection);
      known.set(connection, adapted);
    }
    return adapted;
  };
  return lists$.pipe(map((list) => list.map(adapt)));
}

function connectionForTickets<T, R>(connection: ConnectionInput<T, R>): ConnectionInput<Ticket<T, R>, R> {
  if (typeof connection === 'function') {
    const send: ConnectionInput<Ticket<T, R>, R> = (ticket, context) => connection(ticket.event, context);
    return Object.defineProperty(send, 'name', { value: connection.name });
  }
  const { name, state$, window, classify } = connection;
  const base = {
    name,
    state$,
    ...(window === undefined ? {} : { window }),
    ...(classify === undefined
      ? {}
      : {
          classify: (error: unknown, ticket: Ticket<T, R>) => classify.call(connection, error, ticket.event),
        }),
  };
  if (takesBatches(connection)) {
    const { batch } = connection;
    const events = (tickets: readonly Ticket<T, R>[]): T[] => tickets.map(({ event }) => event);
    return {
      ...base,
      batch: {
        ...limitsOf(batch),
        send: (tickets, context) => batch.send(events(tickets), context),
      },
    };
  }
  return { ...base, send: (ticket, context) => connection.send(ticket.event, context) };
}

/** Options for tickets. */
export function optionsForTickets<T, R>(options: LoadBalanceOptions<T>): LoadBalanceOptions<Ticket<T, R>> {
  const { guaranteed = false, monitor, ...rest } = options;
  return {
    ...rest,
    guaranteed: (ticket) =>
      ticket.guaranteed ?? (typeof guaranteed === 'function' ? guaranteed(ticket.event) : guaranteed),
    ...(monitor === undefined ? {} : { monitor: monitorForTickets(monitor) }),
  };
}

function monitorForTickets(
  monitor: Partial<Observer<BalancerActivity>>,
): Partial<Observer<BalancerActivity>> {
  return {
    ...(monitor.error === undefined ? {} : { error: (error: unknown) => monitor.error?.(error) }),
    complete: () => monitor.complete?.(),
    next: (activity) => {
      monitor.next?.(
        activity.type === 'outcome'
          ? { ...activity, outcome: outcomeOf(activity.outcome as Outcome<Ticket<unknown, unknown>>) }
          : activity,
      );
    },
  };
}
