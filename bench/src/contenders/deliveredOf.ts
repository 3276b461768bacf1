/** Subscribes, and counts. */
import type { Observable } from 'rxjs';
import type { Outcome } from 'rxjs-load-balance';

/** How many outcomes say that an event was delivered. */
export function deliveredOf(outcome$: Observable<Outcome<unknown>>): Promise<number> {
  return new Promise((resolve, reject) => {
    let delivered = 0;
    outcome$.subscribe({
      next: ({ status }) => {
        if (status === 'delivered') {
          delivered++;
        }
      },
      error: reject,
      complete: () => {
        resolve(delivered);
      },
    });
  });
}

/** How many values there are: for RxJS's own operators, whose values are the answers. */
export function valuesOf(value$: Observable<unknown>): Promise<number> {
  return new Promise((resolve, reject) => {
    let values = 0;
    value$.subscribe({
      next: () => {
        values++;
      },
      error: reject,
      complete: () => {
        resolve(values);
      },
    });
  });
}
