/** AbortSignal: one from outside closes the balancer, and the balancer gives one to every send. */
import { setTimeout as sleep } from 'node:timers/promises';
import { of } from 'rxjs';
import { loadBalance, type SendContext } from 'rxjs-load-balance';

const controller = new AbortController();

const send = async (event: string, { signal }: SendContext): Promise<string> => {
  if (event === 'stuck') {
    controller.abort();
    await sleep(60_000, undefined, { signal }); // rejects as soon as the send is cancelled
  }
  return event;
};

of('quick', 'stuck', 'late')
  .pipe(loadBalance([send], { closeOn: controller.signal }))
  .subscribe((outcome) => {
    console.log(`${outcome.event} ${outcome.status === 'dropped' ? outcome.reason : outcome.status}`);
  });
// quick delivered, stuck closed, late closed
