/** Guaranteed events: some have attempts without limit, the others as many as `maxAttempts` says. */
import { from } from 'rxjs';
import { loadBalance, TemporaryError } from 'rxjs-load-balance';

let sends = 0;
// Too busy for the first five sends.
const busy = (event: string): Promise<string> =>
  ++sends <= 5 ? Promise.reject(new TemporaryError('busy', { retryAfter: 1 })) : Promise.resolve(event);

from(['click', 'order'])
  .pipe(loadBalance([busy], { maxAttempts: 2, guaranteed: (event) => event === 'order' }))
  .subscribe(({ event, status, attempts }) => {
    console.log(`${event} ${status} after ${attempts}`);
  });
// click dropped after 2, order delivered after 4
