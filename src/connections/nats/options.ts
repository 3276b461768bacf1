/** The options of a NATS connection, checked, with every default in its place. */
import { expectFunction, expectObject, wrongType } from '../../internal/expect.js';
import { jsonText, type Encode } from '../encoding.js';
import { connectionSettings, type ConnectionOptions, type ConnectionSettings } from '../settings.js';
import { linkSettings, type NatsLinkOptions, type NatsLinkSettings } from './link.js';
import type { NatsReply } from './reply.js';
import { expectSubject } from './subject.js';

/** What both kinds of NATS connection have in common. */
export interface NatsPublishOptions<T> extends ConnectionOptions<T>, NatsLinkOptions {
  /** Where an event is published. One that is computed and is no subject drops its event, reason `rejected`. */
  readonly subject: string | ((event: T) => string);
  /** How an event is written. Default: as JSON. */
  readonly encode?: Encode<T>;
  /** Headers of a message. What it throws drops the event, reason `rejected`. Default: none. */
  readonly headers?: (event: T) => Readonly<Record<string, string>>;
  /** What the subjects of acknowledgements begin with, for users who may not subscribe to all. Default `_INBOX`. */
  readonly inboxPrefix?: string;
}

/** Options of {@link natsConnection} that asks for a reply. */
export interface NatsOptions<T, R> extends NatsPublishOptions<T> {
  /**
   * What a reply says: its value is the outcome's. What it throws is the error of the send: a `RejectedError` drops
   * the event, a `TemporaryError` puts it back and pauses, any other breaks the connection. Default: `undefined`,
   * and an error of a NATS service (`Nats-Service-Error`) is a `TemporaryError`.
   */
  readonly read?: (reply: NatsReply, event: T) => R;
  readonly jetStream?: undefined;
}

/** How events are published to a stream of JetStream. */
export interface JetStreamPublishing<T> {
  /**
   * What is the same for all sends of an event, and for no other event: its `Nats-Msg-Id`. A stream takes one
   * message of an id within its `duplicate_window`. Default: none, and a retry may be a duplicate.
   */
  readonly messageId?: (event: T) => string;
  /** The stream that must take the events. Default: whichever has the subject. */
  readonly expectStream?: string;
}

/** Options of {@link natsConnection} that publishes to a stream. */
export interface NatsJetStreamOptions<T> extends NatsPublishOptions<T> {
  /** A stream of JetStream acknowledges what it has stored. `true`: without further options. */
  readonly jetStream: true | JetStreamPublishing<T>;
  readonly read?: undefined;
}

/** What a NATS connection works with. */
export interface NatsSettings<T> extends ConnectionSettings<T> {
  readonly link: NatsLinkSettings;
  readonly subject: string | ((event: T) => string);
  readonly encode: Encode<T>;
  readonly headers: ((event: T) => Readonly<Record<string, string>>) | undefined;
  readonly inboxPrefix: string | undefined;
  readonly read: ((reply: NatsReply, event: T) => unknown) | undefined;
  readonly jetStream: JetStreamPublishing<T> | undefined;
}

/**
 * Checks the options.
 * @param who The function that was called with them, for the error.
 * @param url Where to.
 * @param options The user's.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function natsSettings<T>(
  who: string,
  url: string | URL | readonly (string | URL)[],
  options: NatsOptions<T, unknown> | NatsJetStreamOptions<T>,
): NatsSettings<T> {
  expectObject(who, 'options', options);
  const link = linkSettings(who, url, options);
  const settings = connectionSettings(who, options, { name: link.url, window: 256 });
  const { subject, encode = jsonText, headers, inboxPrefix, read } = options;
  if (typeof subject !== 'function') {
    expectSubject(who, 'subject', subject);
  }
  for (const [option, value] of Object.entries({ encode, headers, read })) {
    if (value !== undefined) {
      expectFunction(who, option, value);
    }
  }
  if (inboxPrefix !== undefined) {
    expectSubject(who, 'inboxPrefix', inboxPrefix);
  }
  const jetStream = publishingFrom(who, options.jetStream);
  if (jetStream !== undefined && read !== undefined) {
    throw wrongType(who, 'read', 'absent beside `jetStream`', read);
  }
  return { ...settings, link, subject, encode, headers, inboxPrefix, read, jetStream };
}

function publishingFrom<T>(
  who: string,
  given: true | JetStreamPublishing<T> | undefined,
): JetStreamPublishing<T> | undefined {
  if (given === undefined || given === true) {
    return given && {};
  }
  if (typeof (given as unknown) !== 'object' || (given as unknown) === null) {
    throw wrongType(who, 'jetStream', 'true or an object', given);
  }
  const { messageId, expectStream } = given;
  if (messageId !== undefined) {
    expectFunction(who, 'jetStream.messageId', messageId);
  }
  if (expectStream !== undefined && typeof (expectStream as unknown) !== 'string') {
    throw wrongType(who, 'jetStream.expectStream', 'a string', expectStream);
  }
  return given;
}
