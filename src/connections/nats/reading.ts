/** What a reply means. */
import { RejectedError, TemporaryError } from '../../errors.js';
import type { NatsSettings } from './options.js';
import type { JetStreamAck, NatsReply } from './reply.js';

/**
 * JetStream answered that it has not stored an event.
 *
 * It is the `cause` of the error of the send: of a `TemporaryError` where the stream has no room at the moment, of a
 * `RejectedError` where it never takes the event, or else of one that breaks the connection.
 *
 * @example
 * ```ts
 * import { deadLetter } from 'rxjs-load-balance';
 * import { JetStreamPublishError } from 'rxjs-load-balance/nats';
 *
 * const codeOf = (error: unknown): number | undefined => {
 *   const cause = error instanceof Error ? error.cause : undefined;
 *   return cause instanceof JetStreamPublishError ? cause.code : undefined;
 * };
 *
 * export const report = deadLetter(({ event, error }) => {
 *   console.error(event, codeOf(error));
 * });
 * ```
 */
export class JetStreamPublishError extends Error {
  override readonly name = 'JetStreamPublishError';

  /**
   * @param message Who answered what.
   * @param code NATS's number of the error, its `err_code`.
   * @param status The class of error, as HTTP counts them.
   */
  constructor(
    message: string,
    readonly code: number,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Reads the replies of a connection. */
export interface ReplyReader<T, R> {
  /** What a reply says. What it throws is the error of the send. */
  readonly read: (reply: NatsReply, event: T) => R;
  /** The error of a send whose subject nobody listens to. */
  readonly nobody: (subject: string) => Error;
}

/** The connection whose replies they are. */
type Whose = Pick<NatsSettings<never>, 'name' | 'link'>;

/** Not the event is wrong but the connection: JetStream is off, it is another stream, or one that takes no more. */
const barred: ReadonlySet<number> = new Set([10_039, 10_060, 10_076, 10_109, 10_120]);

/** What passes, although it is a 4xx: limits of the account, an id that is on its way, too many requests. */
const passing: ReadonlySet<number> = new Set([10_002, 10_158, 10_167]);

/**
 * How the replies of a connection are read.
 * @param settings The connection's.
 */
export function replyReader<T>(settings: NatsSettings<T>): ReplyReader<T, unknown> {
  const { name, jetStream, link, read = plainReader(settings) } = settings;
  const { secrets } = link;
  const guarded =
    <E>(reader: (reply: NatsReply, event: E) => unknown) =>
    (reply: NatsReply, event: E): unknown => {
      try {
        return reader(reply, event);
      } catch (error) {
        throw secrets.thrown(name, error);
      }
    };
  return jetStream === undefined
    ? {
        read: guarded(read),
        nobody: (subject) => new TemporaryError(`${name}: nobody listens to ${subject}`),
      }
    : {
        read: guarded((reply) => ackIn(reply, settings)),
        nobody: (subject) => new Error(`${name}: no stream takes ${subject}`),
      };
}

/** The acknowledgement of a reply from JetStream. */
function ackIn(reply: NatsReply, whose: Whose): JetStreamAck {
  const { stream, seq, duplicate = false, error } = contentOf(reply);
  if (typeof error === 'object' && error !== null) {
    throw publishError(error, whose);
  }
  if (typeof stream !== 'string' || stream === '' || typeof seq !== 'number') {
    throw new Error(`expected an acknowledgement of JetStream, got ${JSON.stringify(reply.string())}`);
  }
  return { stream, seq, duplicate: duplicate === true };
}

function contentOf(reply: NatsReply): Record<string, unknown> {
  try {
    return (reply.json() as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}

function publishError(error: object, { name, link }: Whose): Error {
  const { code, err_code: number, description } = error as Record<string, unknown>;
  const said = `JetStream answered ${String(number)} ${link.secrets.shown(String(description))}`;
  const cause = new JetStreamPublishError(said, Number(number), Number(code));
  if (barred.has(cause.code)) {
    return cause;
  }
  const message = `${name}: ${said}`;
  const passes = passing.has(cause.code) || cause.status === 429;
  return cause.status >= 400 && cause.status < 500 && !passes
    ? new RejectedError(message, { cause })
    : new TemporaryError(message, { cause });
}

/** A NATS service says in headers of its reply that it could not do what it was asked. */
function plainReader({ name, link }: Whose): (reply: NatsReply) => undefined {
  return ({ headers }) => {
    const error = headers?.get('Nats-Service-Error') ?? '';
    const code = headers?.get('Nats-Service-Error-Code') ?? '';
    if (error !== '' || code !== '') {
      throw new TemporaryError(`${name}: the service answered ${link.secrets.shown(`${code} ${error}`)}`);
    }
  };
}

/** Whether nobody listens to the subject of a message: the server itself answers it so. */
export function isNobody(reply: NatsReply & { readonly headers?: { readonly code: number } }): boolean {
  return reply.headers?.code === 503 && reply.data.length === 0;
}
