/** Back-pressure: an iterable is read only as fast as the connections take its events. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadBalanceFrom } from 'rxjs-load-balance';

let read = 0;
let settled = 0;
let mostAhead = 0;

function* events(): Generator<number> {
  while (read < 100) {
    mostAhead = Math.max(mostAhead, read - settled);
    yield ++read;
  }
}

const near = (event: number): Promise<number> => sleep(1, event);
const far = (event: number): Promise<number> => sleep(5, event);

await loadBalanceFrom(events(), [near, far]).forEach(() => settled++);
console.log(`${settled} outcomes`); // 100 outcomes
console.log(mostAhead <= 3 ? 'never more than three ahead' : 'too far ahead'); // never more than three ahead
