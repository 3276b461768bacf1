/** POSTs to one server: this package's connection, and undici by itself in a plain loop. */
import { httpConnection } from 'rxjs-load-balance/http';
import { Pool } from 'undici';
import { together } from '../feed.js';
import { balancedOver } from './live/loadBalance.js';

export interface Posting {
  readonly port: number;
  readonly events: readonly number[];
  /** How many requests may be in flight, each on a socket of its own. */
  readonly sockets: number;
  /** How many events a request has. */
  readonly size: number;
}

/** Opens what is needed. What it gives ships all events, and resolves with how many were delivered. */
export type Poster = (posting: Posting) => () => Promise<number>;

export const balanced: Poster = ({ port, events, sockets, size }) => {
  const options = { window: sockets, ...(size === 1 ? {} : { batch: { size } }) };
  const connection = httpConnection<number>(`http://127.0.0.1:${port}/events`, options);
  return together(events, (settled) => balancedOver([connection], settled));
};

export const bareUndici: Poster = ({ port, events, sockets, size }) => {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: sockets });
  const headers = { 'content-type': size === 1 ? 'application/json' : 'application/x-ndjson' };
  const post = async (batch: readonly number[]) => {
    const body =
      size === 1 ? JSON.stringify(batch[0]) : batch.map((event) => `${JSON.stringify(event)}\n`).join('');
    const { statusCode, body: answer } = await pool.request({
      method: 'POST',
      path: '/events',
      headers,
      body,
    });
    await answer.dump();
    return statusCode === 200;
  };
  return async () => {
    let [taken, delivered] = [0, 0];
    const loop = async () => {
      while (taken < events.length) {
        const batch = events.slice(taken, taken + size);
        taken += batch.length;
        const accepted = await post(batch);
        delivered += accepted ? batch.length : 0;
      }
    };
    await Promise.all(Array.from({ length: sockets }, loop));
    return delivered;
  };
};
