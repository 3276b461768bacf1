/** Membership: the hosts change while events flow; one that leaves finishes what it has begun. */
import { BehaviorSubject, Subject } from 'rxjs';
import { loadBalance, toConnections } from 'rxjs-load-balance';

const host$ = new BehaviorSubject(['a.example']);
const event$ = new Subject<string>();

const connections$ = host$.pipe(
  toConnections((host) => (event: string) => Promise.resolve(`${event} to ${host}`)),
);

event$.pipe(loadBalance(connections$)).subscribe((outcome) => {
  console.log(outcome.status === 'delivered' ? outcome.value : outcome.reason);
});

event$.next('x');
host$.next(['b.example']);
event$.next('y');
host$.next([]); // nobody is left: z waits for the next list
event$.next('z');
host$.next(['c.example']);
event$.complete();
// x to a.example, y to b.example, z to c.example
