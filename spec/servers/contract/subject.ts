/** What the contract suite has to know of a ready-made connection and of the server at its other end. */
import type { Observable } from 'rxjs';
import type { BatchLimits } from '../../../src/connections/settings.js';
import type { BatchConnection, Connection } from '../../../src/index.js';

/** A server that the suite can make misbehave. */
export interface ContractServer {
  /**
   * Every event that has arrived, as often as it has, also in its earlier lives. It is asked only while it runs
   * and is not frozen.
   */
  arrived(): Promise<readonly string[]>;
  /** It answers nothing any more; its port and its sockets stay open. */
  freeze(): void;
  /** It goes on; nothing happens to one that is not frozen. */
  thaw(): void;
  /** It is gone at once, frozen or not, with its sockets; nobody listens. Nothing happens to one that is gone. */
  kill(): Promise<void>;
  /** It is there again after `kill()`, where it was, with what has arrived. */
  start(): Promise<void>;
  /** It ends as a polite system ends it, frozen or not, and is gone with everything it had. */
  stop(): Promise<void>;
}

/** How a connection of the suite is made. */
export interface ContractOptions {
  readonly name: string;
  /** Default: the connection's own. */
  readonly window?: number | Observable<number>;
  readonly batch?: BatchLimits;
  /** Where to, on 127.0.0.1, instead of to the server's own port. */
  readonly port?: number;
  /** Writes an event: what has arrived is what it gives. It throws for one that cannot be written. */
  readonly encode: (event: string) => string;
}

/** A connection that is put to the contract. */
export interface ContractSubject<S extends ContractServer = ContractServer> {
  /** What is tried: `redisConnection, a list`. */
  readonly name: string;
  /** Starts a server, on a free port. It wants the credentials that `connect` has. */
  readonly startServer: () => Promise<S>;
  /** Makes a connection to it; with `batch`, one that takes batches. Events are texts without line breaks. */
  readonly connect: (server: S, options: ContractOptions) => Connection<string> | BatchConnection<string>;
  /** As `connect`, with credentials that the server refuses; none where the server takes anybody. */
  readonly connectAsStranger?: (
    server: S,
    options: ContractOptions,
  ) => Connection<string> | BatchConnection<string>;
  /** What the error says to a stranger. */
  readonly refusal?: RegExp;
  /** The stranger's password, which no error may show; none where there is none. */
  readonly secret?: string;
}
