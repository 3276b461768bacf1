/** What the client of NATS fails with, in its own words. */
import { JetStreamApiCodes, JetStreamApiError, JetStreamError } from '@nats-io/jetstream';

/** There is no such consumer: an answer of the server to `info`. */
export function consumerGone(): JetStreamApiError {
  const err_code = JetStreamApiCodes.ConsumerNotFound;
  return new JetStreamApiError({ code: 404, err_code, description: 'consumer not found' });
}

/** There is no such stream. */
export function streamGone(): JetStreamApiError {
  const err_code = JetStreamApiCodes.StreamNotFound;
  return new JetStreamApiError({ code: 404, err_code, description: 'stream not found' });
}

/** What ends a request; its class is not to be had from the package. */
export function statusError(code: number, description: string): Error {
  return Object.assign(new JetStreamError(description), { name: 'JetStreamStatusError', code });
}
