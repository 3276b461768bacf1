/** What comes back for a message. */

/** Headers of a reply. */
export interface NatsReplyHeaders {
  /** The first value of a header, '' where there is none. The case of its name matters. */
  get(name: string): string;
  /** Whether there is one. */
  has(name: string): boolean;
  /** The names of all of them. */
  keys(): string[];
}

/** A reply: a message of `@nats-io/transport-node`. */
export interface NatsReply {
  readonly data: Uint8Array;
  readonly headers?: NatsReplyHeaders;
  /** The data as a text. */
  string(): string;
  /** What the data is as JSON. */
  json(): unknown;
}

/** What JetStream says of an event that it has stored. */
export interface JetStreamAck {
  /** The stream that has it. */
  readonly stream: string;
  /** Where it is in the stream. */
  readonly seq: number;
  /** Whether it was there before: an earlier send had stored it. */
  readonly duplicate: boolean;
}
