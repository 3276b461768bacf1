/** Several connections to one host: more sends at once, and each breaks on its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { concat, NEVER, noop, of, range } from 'rxjs';
import { loadBalance, type Connection, type SendFunction } from 'rxjs-load-balance';

const inFlight = new Map<string, number>();
const most = new Map<string, number>();

const to =
  (host: string): SendFunction<number, string> =>
  async () => {
    const now = (inFlight.get(host) ?? 0) + 1;
    inFlight.set(host, now);
    most.set(host, Math.max(most.get(host) ?? 0, now));
    await sleep(2);
    inFlight.set(host, now - 1);
    return host;
  };

// Connections are told apart by identity: two to the same host are two objects, or two functions.
const two = [to('a.example'), to('a.example')];
// Or one connection with a window of two: both sends share its fate.
const wide: Connection<number, string> = {
  name: 'b.example',
  state$: concat(of('up' as const), NEVER),
  window: 2,
  send: to('b.example'),
};

await range(1, 20)
  .pipe(loadBalance([...two, wide]))
  .forEach(noop);
console.log([...most]); // [ [ 'a.example', 2 ], [ 'b.example', 2 ] ]
