/** Lines over `tcpConnection`. */
import { tcpConnection } from 'rxjs-load-balance/tcp';
import { together } from '../../feed.js';
import { optionsOf, type Shipper } from '../../shipping.js';
import { balancedOver } from '../live/loadBalance.js';

export const acknowledged: Shipper = async (shipping) => {
  const connection = tcpConnection<number>(`tcp://127.0.0.1:${shipping.port}`, optionsOf(shipping));
  return together(shipping.events, (settled) => balancedOver([connection], settled));
};

export const unacknowledged: Shipper = async ({ port, events, window }) => {
  const connection = tcpConnection<number>(`tcp://127.0.0.1:${port}`, { window, unacknowledged: true });
  return together(events, (settled) => balancedOver([connection], settled));
};
