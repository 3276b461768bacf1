/** The three ways to give connections, as one: a stream of lists. */
import { defer, isObservable, map, of, type Observable } from 'rxjs';
import type { ConnectionInput, ConnectionList, Connections } from '../connection.js';
import { expectConnections } from './target.js';

/**
 * Checks connections, a list at once and anything else when it is there.
 * @param who The function that was called with them, for errors.
 * @param connections The user's.
 * @returns The lists.
 * @throws TypeError or RangeError for what is not a list of connections.
 */
export function listsFrom<C extends ConnectionInput<never>>(
  who: string,
  connections: Connections<C>,
): Observable<readonly C[]> {
  return typeof connections === 'function'
    ? defer(() => listed(who, connections()))
    : listed(who, connections);
}

function listed<C extends ConnectionInput<never>>(
  who: string,
  list: ConnectionList<C>,
): Observable<readonly C[]> {
  const checked = (connections: readonly C[]): readonly C[] => {
    expectConnections(who, connections);
    return connections;
  };
  return isObservable(list) ? list.pipe(map(checked)) : of(checked(list));
}
