/** Testing your own topology: connections drawn as marbles, in virtual time. */
import { deepStrictEqual } from 'node:assert';
import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { loadBalance, type LoadBalanceOptions } from 'rxjs-load-balance';
import { fakeConnection } from 'rxjs-load-balance/testing';

// What your program uses: is it patient enough?
const options: LoadBalanceOptions<string> = { maxAttempts: 2, timeout: { wait: 20 } };

new TestScheduler(deepStrictEqual).run(({ cold, expectObservable, flush }) => {
  const main = fakeConnection<string>('  u---d', '          --(r|)', { name: 'main' });
  const standby = fakeConnection<string>('c------u', '      --(r|)', { name: 'standby' });
  const event$ = cold('                a--b--|');
  const expected = '                   --a------(b|)';

  const shipped$ = event$.pipe(
    loadBalance([main, standby], options),
    map(({ event }) => event),
  );
  expectObservable(shipped$).toBe(expected);
  flush();
  // b was under way when main went down, and took its second attempt on standby.
  deepStrictEqual(standby.sent, [{ frame: 7, event: 'b', attempt: 2 }]);
});
console.log('as drawn'); // as drawn
