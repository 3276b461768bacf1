/** Dead letters: what is delivered goes on, what cannot be is written down. */
import { from } from 'rxjs';
import { deadLetter, loadBalance, RejectedError } from 'rxjs-load-balance';

const store = (line: string): Promise<string> =>
  line.startsWith('{')
    ? Promise.resolve(`stored ${line}`)
    : Promise.reject(new RejectedError('not an object'));

from(['{"a":1}', 'oops', '{"b":2}'])
  .pipe(
    loadBalance([store]),
    deadLetter(({ event, reason }) => {
      console.log(`${event} ${reason}`);
    }),
  )
  .subscribe((stored) => {
    console.log(stored);
  });
// stored {"a":1}, oops rejected, stored {"b":2}
