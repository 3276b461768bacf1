/** './nats': a connection to NATS, by request and reply or to a stream of JetStream. */
import type { BatchConnection, Connection } from '../connection.js';
import { NatsClientOpener } from './nats/client.js';
import { natsSettings, type NatsJetStreamOptions, type NatsOptions } from './nats/options.js';
import { replyReader } from './nats/reading.js';
import type { JetStreamAck } from './nats/reply.js';
import { Peer } from './peer.js';
import { readyConnection } from './readyConnection.js';
import type { BatchLimits } from './settings.js';

export type { Encode } from './encoding.js';
export type { NatsAuthenticator, NatsLinkOptions } from './nats/link.js';
export type {
  JetStreamPublishing,
  NatsJetStreamOptions,
  NatsOptions,
  NatsPublishOptions,
} from './nats/options.js';
export { JetStreamPublishError } from './nats/reading.js';
export type { JetStreamAck, NatsReply, NatsReplyHeaders } from './nats/reply.js';
export type { BatchLimits, ConnectionOptions } from './settings.js';

/** Where a `natsConnection` leads: one server, or those of one cluster. */
export type NatsUrl = string | URL | readonly (string | URL)[];

/**
 * Makes a connection that publishes events to [NATS](https://nats.io), with its own client
 * (`npm install @nats-io/transport-node@3`).
 *
 * *A message is sent when somebody says that he has it: the one who answers it, or the stream that stores it.*
 *
 * Without `jetStream`, an event is a request: its subscriber has to answer, and **a reply is the acknowledgement**,
 * whatever it says, unless `read` throws. With `jetStream`, an event is published to a stream, and **the stream's
 * publish-ack is the acknowledgement**: the event is stored, on as many servers as the stream has replicas. The
 * outcome's value is then a {@link JetStreamAck}. (A server with a file store flushes to the disk a little later:
 * `sync_interval`. A process that is killed loses nothing, a computer without power may.)
 *
 * | what comes back | the event | the connection |
 * |---|---|---|
 * | a reply; an ack of the stream, also of a duplicate | delivered | goes on |
 * | nobody listens to the subject (503) | put back | stays open, pauses for the backoff |
 * | a service's error (`Nats-Service-Error`), without `read` | put back | stays open, pauses for the backoff |
 * | no stream takes the subject (503) | put back | is closed, and opened again after the backoff |
 * | JetStream: `maximum messages exceeded`, `maximum bytes exceeded` (10077), no resources, any other 5xx | put back | stays open, pauses for the backoff |
 * | JetStream: the account's limits (10002), an id on its way (10158), too many requests (10167, any 429) | put back | stays open, pauses for the backoff |
 * | JetStream: not enabled (10039, 10076), no limits for the account (10120), not `expectStream` (10060), a sealed stream (10109) | put back | is closed, and opened again after the backoff |
 * | JetStream: any other 4xx, as a message above `max_msg_size` (10054) | dropped, reason `rejected` | goes on |
 * | larger than the server's `max_payload`, no subject or one too long for a line of the protocol, a header that cannot be | dropped, reason `rejected`, and nothing is sent | goes on |
 * | not allowed to publish there, or to have replies | put back | is closed, and opened again after the backoff |
 * | nothing | put back after `timeout.send` | is closed, and opened again after the backoff |
 *
 * An acknowledgement that is lost on its way makes a retry, and the message is there twice. **With `messageId`,
 * a stream keeps one**: the second ack says `duplicate`, and the event is delivered. The id has to be the same in
 * every attempt, so it must come from the event itself, and the stream's `duplicate_window` (two minutes, unless it
 * says otherwise) has to be longer than the retries of an event may take. Without it a retry may be a duplicate.
 *
 * A list of URLs is one place: the servers of one cluster. Each opening tries them in turn and keeps the first that
 * takes it, and the next one begins with another. Places that are apart are connections of their own.
 *
 * In a batch, an event that closes the connection is put back alone; the others keep what becomes of them.
 *
 * The connection is up once the server has accepted its user, and lets it have replies. The client's own
 * reconnecting is off: when the link breaks, what is in flight fails at once, and the balancer opens another one. A
 * server that is frozen, or behind a broken line, is noticed without traffic as well, after two to three times
 * `pingInterval`: 10 to 15 seconds.
 *
 * ```text
 * server:     runs          is killed      runs again
 * state$:     c-u-----------#     c-#      c-u-------
 * reply:         --r|  --r|
 * ```
 *
 * All events share one socket and one inbox, and what is sent in one turn of the event loop is written at once. The
 * order of the replies does not matter. A batch is many messages in one go, with a result for each as it comes. So
 * batches are no faster than a window of the same size; they make fewer, larger turns.
 *
 * A user name and password in the URL, or a token (`nats://token@host`, or `token`), appear in no name, error,
 * outcome or activity. `nats:` uses TLS where the server asks for it, `tls:` insists; certificates are verified.
 *
 * Cancelling a send leaves nothing behind: a reply that comes late finds nobody. It cannot take the message back.
 *
 * As any connection of `connection()`, it serves one subscription at a time.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 * import { natsConnection } from 'rxjs-load-balance/nats';
 *
 * interface Order {
 *   id: string;
 *   country: string;
 * }
 *
 * const clusters = ['nats://127.0.0.1:4222', 'nats://127.0.0.1:4223'].map((url) =>
 *   natsConnection<Order>(url, {
 *     subject: ({ country }) => `orders.${country}`,
 *     jetStream: { messageId: ({ id }) => id },
 *   }),
 * );
 *
 * export const outcome$ = from([{ id: 'a-1', country: 'is' }]).pipe(loadBalance(clusters));
 * ```
 * @param url Where to: nats: or tls:, one server or a list of those of one cluster.
 * @param options How. `subject` is needed, every other part has a default; `window` is 256.
 * @returns The connection; with `batch`, one that takes batches.
 * @throws TypeError or RangeError when an argument is not what it should be; Error when the client is not installed.
 */
export function natsConnection<T = unknown>(
  url: NatsUrl,
  options: NatsJetStreamOptions<T> & { readonly batch: BatchLimits },
): BatchConnection<T, JetStreamAck>;
export function natsConnection<T = unknown>(
  url: NatsUrl,
  options: NatsJetStreamOptions<T> & { readonly batch?: undefined },
): Connection<T, JetStreamAck>;
export function natsConnection<T = unknown>(
  url: NatsUrl,
  options: NatsJetStreamOptions<T>,
): Connection<T, JetStreamAck> | BatchConnection<T, JetStreamAck>;
export function natsConnection<T = unknown, R = void>(
  url: NatsUrl,
  options: NatsOptions<T, R> & { readonly batch: BatchLimits },
): BatchConnection<T, R>;
export function natsConnection<T = unknown, R = void>(
  url: NatsUrl,
  options: NatsOptions<T, R> & { readonly batch?: undefined },
): Connection<T, R>;
export function natsConnection<T = unknown, R = void>(
  url: NatsUrl,
  options: NatsOptions<T, R>,
): Connection<T, R> | BatchConnection<T, R>;
export function natsConnection<T>(
  url: NatsUrl,
  options: NatsOptions<T, unknown> | NatsJetStreamOptions<T>,
): Connection<T> | BatchConnection<T> {
  const who = 'natsConnection';
  const nats = new Peer(who, '@nats-io/transport-node', 3);
  nats.expect();
  const settings = natsSettings(who, url, options);
  const reader = replyReader(settings);
  let clients: NatsClientOpener<T, unknown> | undefined;
  return readyConnection(settings, async (life) => {
    const library = await nats.load(() => import('@nats-io/transport-node'));
    life.throwIfAborted();
    clients ??= new NatsClientOpener(library, settings, reader);
    return clients.open(life);
  });
}
