/** Senders as connections of the balancer. */
import { BehaviorSubject, type ObservableInput } from 'rxjs';
import type { Connection, ConnectionState } from 'rxjs-load-balance';
import type { Send } from '../work.js';

export function connectionTo<R>(
  send: Send<ObservableInput<R>>,
  index: number,
  window = 1,
  state: ConnectionState = 'up',
): Connection<number, R> {
  return { name: `sender ${index}`, state$: new BehaviorSubject(state), window, send };
}

export function connectionsTo<R>(
  senders: readonly Send<ObservableInput<R>>[],
  window: number,
): Connection<number, R>[] {
  return senders.map((send, index) => connectionTo(send, index, window));
}
