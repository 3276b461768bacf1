/** What comes out of a balancer, event by event, in real time. */
import { firstValueFrom, from, type ObservableInput, toArray } from 'rxjs';
import {
  isDelivered,
  loadBalance,
  type ConnectionInput,
  type LoadBalanceOptions,
  type Outcome,
} from '../../src/index.js';

/** Ships events, and waits for the end. Whatever breaks is opened again at once. */
export async function outcomesOf<T>(
  events: ObservableInput<T>,
  connections: readonly ConnectionInput<T>[],
  options: LoadBalanceOptions<T> = {},
): Promise<Outcome<T>[]> {
  const outcomes$ = from(events).pipe(
    loadBalance<T, ConnectionInput<T>>(connections, { reconnectDelay: 0, ...options }),
  );
  return firstValueFrom(outcomes$.pipe(toArray()), { defaultValue: [] });
}

/** `a@place 2`: a was delivered by place with its second send. `a attempts 3`: it was dropped. */
export function inShort(outcome: Outcome<unknown>): string {
  const what = isDelivered(outcome) ? `@${outcome.connection}` : ` ${outcome.reason}`;
  return `${String(outcome.event)}${what} ${outcome.attempts}`;
}
