/** NestJS: a provider that ships events, and lets none behind when the application ends. */
import { LoadBalancer, type Outcome } from 'rxjs-load-balance';

const toFirst = (event: string): Promise<string> => Promise.resolve(event);
const toSecond = (event: string): Promise<string> => Promise.resolve(event);

// In the application: `@Injectable()` before it, and `implements OnModuleDestroy` behind its name.
export class EventShipper {
  private readonly balancer = new LoadBalancer([toFirst, toSecond], {
    guaranteed: true,
    // A guaranteed event waits as long as an outage lasts. The end of the application should not.
    drainTimeout: 10_000,
  });

  ship(event: string): Promise<Outcome<string, string>> {
    return this.balancer.publish(event);
  }

  /** Nest waits for it in `app.close()`, and on SIGTERM after `app.enableShutdownHooks()`. */
  onModuleDestroy(): Promise<void> {
    return this.balancer.drain();
  }
}

const shipper = new EventShipper();
const shipping = shipper.ship('the last event');
await shipper.onModuleDestroy();
console.log((await shipping).status); // delivered
