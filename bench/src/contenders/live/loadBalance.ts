/** This package's operator, fed by a Subject. */
import { Subject, type ObservableInput } from 'rxjs';
import { loadBalance, type ConnectionInput } from 'rxjs-load-balance';
import type { LiveContender, Push } from '../../work.js';
import { connectionsTo } from '../connectionsTo.js';

export const balancedBySubject: LiveContender<ObservableInput<unknown>> = ({ senders, window }, settled) =>
  balancedOver(connectionsTo(senders, window), settled);

/** The same over any connections. */
export function balancedOver(
  connections: readonly ConnectionInput<number>[],
  settled: (delivered: boolean) => void,
): Push {
  const event$ = new Subject<number>();
  event$.pipe(loadBalance(connections)).subscribe(({ status }) => {
    settled(status === 'delivered');
  });
  return (event) => {
    event$.next(event);
  };
}
