/** This package's imperative face. */
import { isDelivered, LoadBalancer } from 'rxjs-load-balance';
import type { Contender } from '../work.js';
import { connectionsTo } from './connectionsTo.js';

export const published: Contender = async ({ events, senders, window, attempts }) => {
  const balancer = new LoadBalancer(connectionsTo(senders, window), { maxAttempts: attempts });
  const outcomes = await Promise.all(events.map((event) => balancer.publish(event)));
  await balancer.drain();
  return outcomes.filter(isDelivered).length;
};
