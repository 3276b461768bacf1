/** Composing: what is before and after the balancer is plain RxJS. */
import { bufferTime, filter, groupBy, map, mergeMap, range, share, Subject, takeUntil, tap } from 'rxjs';
import { isDelivered, isDropped, loadBalance } from 'rxjs-load-balance';

const store = (lines: readonly number[]): Promise<number> => Promise.resolve(lines.length);
const stop$ = new Subject<void>();

const outcome$ = range(1, 1_000).pipe(
  tap((line) => {
    if (line === 10) {
      stop$.next();
    }
  }),
  // eslint-disable-next-line rxjs-x/no-unsafe-takeuntil -- before the balancer it drains: what has come is shipped
  takeUntil(stop$),
  groupBy((line) => (line % 2 === 0 ? 'even' : 'odd')),
  // Each group has a queue and a backoff of its own, as it has a balancer of its own.
  mergeMap((group$) =>
    group$.pipe(
      bufferTime(1_000, null, 3), // an array is one event: it succeeds or fails as a whole
      filter((lines) => lines.length > 0),
      loadBalance([store]),
    ),
  ),
  share(), // two readers, one shipping
);

outcome$
  .pipe(
    filter(isDelivered),
    map(({ event }) => event.join('+')),
  )
  .subscribe((lines) => {
    console.log(lines);
  });
outcome$.pipe(filter(isDropped)).subscribe(({ error }) => {
  console.error(error);
});
// 1+3+5, 2+4+6, 7+9, 8
