/** Lists and streams over `redisConnection`. */
import { redisConnection } from 'rxjs-load-balance/redis';
import { together } from '../../feed.js';
import { keys } from '../../servers/names.js';
import { optionsOf, type Shipper } from '../../shipping.js';
import { balancedOver } from '../live/loadBalance.js';

export const list: Shipper = async (shipping) => {
  const options = { list: keys.list, ...optionsOf(shipping) };
  const connection = redisConnection<number>(`redis://127.0.0.1:${shipping.port}`, options);
  return together(shipping.events, (settled) => balancedOver([connection], settled));
};

export const stream: Shipper = async (shipping) => {
  const options = { stream: keys.stream, ...optionsOf(shipping) };
  const connection = redisConnection<number>(`redis://127.0.0.1:${shipping.port}`, options);
  return together(shipping.events, (settled) => balancedOver([connection], settled));
};
