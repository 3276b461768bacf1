/** What is used of the NATS client. It is loaded when a connection is opened. */
import type * as client from '@nats-io/transport-node';

/** Its functions. */
export type NatsLibrary = Pick<typeof client, 'connect' | 'createInbox' | 'headers'>;
