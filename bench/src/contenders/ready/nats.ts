/** Requests, and messages of a JetStream stream, over `natsConnection`. */
import { natsConnection } from 'rxjs-load-balance/nats';
import { together } from '../../feed.js';
import { subjects } from '../../servers/names.js';
import { optionsOf, type Shipper } from '../../shipping.js';
import { balancedOver } from '../live/loadBalance.js';

export const request: Shipper = async (shipping) => {
  const options = { subject: subjects.request, ...optionsOf(shipping) };
  const connection = natsConnection<number>(`nats://127.0.0.1:${shipping.port}`, options);
  return together(shipping.events, (settled) => balancedOver([connection], settled));
};

export const jetStream: Shipper = async (shipping) => {
  const options = { subject: subjects.jetStream, jetStream: true as const, ...optionsOf(shipping) };
  const connection = natsConnection<number>(`nats://127.0.0.1:${shipping.port}`, options);
  return together(shipping.events, (settled) => balancedOver([connection], settled));
};
