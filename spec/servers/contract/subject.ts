/** What the contract suite has to know of a ready-made connection and of the server at its other end. */
import type { BatchLimits } from '../../../src/connections/settings.js';
import type { BatchConnection, Connection } from '../../../src/index.js';

/** A server that the suite can make misbehave. */
export interface ContractServer {
  /** Every event that has arrived, as often as it has, also in its earlier lives. */
  arrived(): Promise<readonly string[]>;
  /** It answers nothing any more; its port and its sockets stay open. */
  freeze(): void;
  /** It goes on. */
  thaw(): void;
  /** It is gone at once, with its sockets; nobody listens. */
  kill(): Promise<void>;
  /** It is there again, where it was. */
  start(): Promise<void>;
  /** It is gone, with everything it had. */
  stop(): Promise<void>;
}

/** How a connection of the suite is made. */
export interface ContractOptions {
  readonly name: string;
  readonly window?: number;
  readonly batch?: BatchLimits;
}

/** A connection that is put to the contract. */
export interface ContractSubject<S extends ContractServer = ContractServer> {
  /** What is tried: `redisConnection, a list`. */
  readonly name: string;
  /** Starts a server, on a free port. It wants the credentials that `connect` has. */
  readonly startServer: () => Promise<S>;
  /** Makes a connection to it; with `batch`, one that takes batches. Events are texts. */
  readonly connect: (server: S, options: ContractOptions) => Connection<string> | BatchConnection<string>;
  /** As `connect`, with credentials that the server refuses. */
  readonly connectAsStranger: (
    server: S,
    options: ContractOptions,
  ) => Connection<string> | BatchConnection<string>;
  /** What the error says to a stranger. */
  readonly refusal: RegExp;
  /** The stranger's password, which no error may show; none where there is none. */
  readonly secret?: string;
}
