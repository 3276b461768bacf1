/** From a stream of hosts to a stream of connections, each made once. */
import { identity, map, scan, type OperatorFunction } from 'rxjs';
import type { ConnectionInput } from '../src/connection.js';
import { expectFunction } from '../src/internal/expect.js';

/**
 * Turns lists of hosts into lists of connections, and keeps a connection as long as its host is listed.
 *
 * *The membership of a balancer, from wherever your hosts are listed.*
 *
 * ```text
 * hosts:               -[a,b]-----[b,c]-----|
 * toConnections(make): -[A,B]-----[B,C]-----|   B is the same connection in both
 * ```
 *
 * The balancer compares connections by identity, so a host that stays must keep its connection. One that
 * leaves and comes back gets a new one.
 *
 * @example
 * ```ts
 * import { BehaviorSubject, of } from 'rxjs';
 * import { loadBalance, toConnections } from 'rxjs-load-balance';
 *
 * const hosts$ = new BehaviorSubject(['a.example', 'b.example']);
 * const connections$ = hosts$.pipe(
 *   toConnections((host) => async (event: string) => `${event} to ${host}`),
 * );
 *
 * of('x', 'y')
 *   .pipe(loadBalance(connections$))
 *   .subscribe((outcome) => console.log(outcome.status)); // delivered, delivered
 * ```
 * @param make Makes the connection to a host; called once for every key.
 * @param key What tells one host from another. Default: the host itself.
 * @returns A function that returns an Observable of lists of connections, for `loadBalance`.
 */
export function toConnections<H, C extends ConnectionInput<never>>(
  make: (host: H) => C,
  key: (host: H) => unknown = identity,
): OperatorFunction<readonly H[], readonly C[]> {
  expectFunction('toConnections', 'make', make);
  expectFunction('toConnections', 'key', key);
  const keep = (made: ReadonlyMap<unknown, C>, hosts: readonly H[]): ReadonlyMap<unknown, C> => {
    const kept = new Map<unknown, C>();
    for (const host of hosts) {
      const id = key(host);
      kept.set(id, kept.get(id) ?? made.get(id) ?? make(host));
    }
    return kept;
  };
  return (hosts$) =>
    hosts$.pipe(
      scan(keep, new Map<unknown, C>()),
      map((made) => [...made.values()]),
    );
}
