/** Coming from libbeat: its two kinds of client, its fail-over, and its `LB`. */
import { LoadBalancer, TemporaryError } from 'rxjs-load-balance';
import { asyncConnection, failover, syncConnection, type SyncClient } from 'rxjs-load-balance/libbeat';

/** A synchronous client that publishes two events at a time. */
const client = (): SyncClient<string> => ({
  connect: () => undefined,
  close: () => undefined,
  publish: () => undefined,
  publishAll: (events) => ({ unpublished: events.slice(2), error: undefined }),
});

const connections = [
  // outputs.mode.lb.NewSync
  syncConnection(client(), { name: 'one', batch: { size: 50 } }),
  // modeutil.NewFailoverClient: one of the two at a time
  failover([client(), client()].map((each) => syncConnection(each, { batch: { size: 50 } }))),
  // outputs.mode.lb.NewAsync
  asyncConnection<string>(
    {
      connect: () => undefined,
      close: () => undefined,
      publish: (event, done) => {
        done(event === 'full' ? new TemporaryError('come again') : undefined);
      },
    },
    { name: 'three', window: 8 },
  ),
];

const balancer = new LoadBalancer(connections, { maxAttempts: 3, timeout: 5_000 });
const outcomes = await balancer.publishAll(['a', 'b', 'c', 'd', 'e'], { guaranteed: true });
console.log(outcomes.filter(({ status }) => status === 'delivered').length); // 5
await balancer.drain();
