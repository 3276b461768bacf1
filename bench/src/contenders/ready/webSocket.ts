/** Messages over `webSocketConnection`. */
import { webSocketConnection } from 'rxjs-load-balance/websocket';
import { together } from '../../feed.js';
import { optionsOf, type Shipper } from '../../shipping.js';
import { balancedOver } from '../live/loadBalance.js';

export const balanced: Shipper = async (shipping) => {
  const connection = webSocketConnection<number>(`ws://127.0.0.1:${shipping.port}`, optionsOf(shipping));
  return together(shipping.events, (settled) => balancedOver([connection], settled));
};
