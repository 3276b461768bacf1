/** An open connection: its socket, what is on its way over it, and in which order. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { firstValueFrom, fromEvent, merge, Observable, Subject, throwError, timeout } from 'rxjs';
import type { ItemResult } from '../../connection.js';
import { Fifo } from '../../internal/fifo.js';
import type { ReadyClient } from '../readyConnection.js';
import type { Address } from './address.js';
import type { Splitter } from './framing.js';
import type { TcpSettings } from './options.js';
import { BatchSending, EventSending, type Sending } from './sending.js';

/** How much is written in one go, in bytes: more than that, and what is cancelled could not be left out. */
const pieceSize = 65_536;

/** How long it is waited for a peer that is to close its side as well, in milliseconds. */
const farewell = 1_000;

/** How long a peer that is not waited for any more may take to read what it was sent, in milliseconds. */
const lingering = 30_000;

/** How soon after opening a peer leaves that refuses a certificate, in milliseconds. */
const refusal = 5_000;

/** The unit in which the system takes the time of keep-alive, in milliseconds. */
const second = 1_000;

/** Errors that a peer causes who wants no more of it, and does not say why. */
const hangUps = /^(ECONNRESET|EPIPE|ERR_SSL_\w+_HANDSHAKE_FAILURE)$/;

interface SocketError extends NodeJS.ErrnoException {
  /** What OpenSSL says, in short. */
  readonly reason?: string;
}

/** A socket to one peer. */
export class TcpClient<T, R, A> implements ReadyClient<T, R> {
  /** Errors when the socket is of no use any more. */
  readonly lost$: Observable<never>;
  private readonly failed$ = new Subject<never>();
  private readonly splitter: Splitter<A>;
  /** The events that were not written yet: each has a place here, and so have those below. */
  private readonly unwritten = new Fifo<Sending<A>>();
  /** The events that were written and wait for their answer. */
  private readonly waiting = new Fifo<Sending<A>>();
  /** Whether it is sure that what is not written yet will be. */
  private willWrite = false;
  /** Whether the socket has as much as it can hold. */
  private isFull = false;
  private isOpen = false;
  /** When it was open, in milliseconds. */
  private openedAt = Infinity;
  /** Whether the peer has said anything. */
  private hasHeard = false;
  /** Why it is over. */
  private failure: Error | undefined;
  private closed: Promise<void> | undefined;

  /**
   * Opens one.
   * @param address Where to.
   * @param settings The connection's.
   * @param life When it is aborted, the socket is destroyed, also one that is not open yet.
   * @returns It, once it is open; when it cannot be opened, it is closed, and this rejects.
   */
  static async open<T, R, A>(
    address: Address,
    settings: TcpSettings<T, R, A>,
    life: AbortSignal,
  ): Promise<TcpClient<T, R, A>> {
    const client = new TcpClient(address, settings, socketTo(address, settings));
    life.addEventListener('abort', () => {
      void client.close();
    });
    return client.opened();
  }

  private constructor(
    private readonly address: Address,
    private readonly settings: TcpSettings<T, R, A>,
    private readonly socket: Socket,
  ) {
    this.lost$ = this.failed$.asObservable();
    const { framing, maxAnswerSize } = settings;
    this.splitter = framing.newSplitter(maxAnswerSize);
    this.socket
      .on('error', (error: SocketError) => {
        const { code = '', message, reason = message } = error;
        this.fail(hangUps.test(code) ? new Error(reason + this.suspicion, { cause: error }) : error);
      })
      .on('end', () => {
        this.fail(this.leftByPeer());
      })
      .on('close', () => {
        this.fail(new Error('the socket was closed'));
      })
      .on('data', (bytes: Buffer) => {
        this.hear(bytes);
      })
      .on('drain', () => {
        this.isFull = false;
        this.write();
      });
  }

  private async opened(): Promise<this> {
    const { connectTimeout, idleTimeout, keepAlive } = this.settings;
    const { socket } = this;
    const ready$ = merge(fromEvent(socket, this.address.isSecure ? 'secureConnect' : 'connect'), this.lost$);
    const tooLate = (): Observable<never> => {
      this.fail(new Error(`connecting took longer than ${connectTimeout} ms`));
      return throwError(() => this.failure);
    };
    await firstValueFrom(
      connectTimeout === Infinity ? ready$ : ready$.pipe(timeout({ first: connectTimeout, with: tooLate })),
      { defaultValue: undefined },
    );
    this.isOpen = true;
    this.openedAt = performance.now();
    socket.setNoDelay(true);
    if (keepAlive !== Infinity) {
      socket.setKeepAlive(true, Math.max(1, Math.ceil(keepAlive / second)) * second);
    }
    if (idleTimeout !== Infinity) {
      socket.setTimeout(Math.max(1, idleTimeout), () => {
        this.fail(new Error(`nothing came or went for ${idleTimeout} ms`));
      });
    }
    return this;
  }

  /** Sends one event. The stream gives its value. */
  one(event: T): Observable<R> {
    return new EventSending(this.settings, event, this.begin);
  }

  /** Sends many events. The stream gives their results, as answers come. */
  many(events: readonly T[]): Observable<readonly ItemResult<R>[]> {
    return new Observable((subscriber) => {
      this.begin(new BatchSending(this.settings, events, subscriber), events.length);
    });
  }

  /** Resolves when there is no socket any more, or only one that hands over what it was given. */
  close(): Promise<void> {
    return (this.closed ??= this.leave());
  }

  private async leave(): Promise<void> {
    // Nobody has told that what was delivered has arrived. It may still be here.
    const mayHold = this.failure === undefined && this.isOpen && this.settings.unacknowledged;
    this.end(new Error('the connection was closed'));
    if (mayHold) {
      await this.handOver();
    } else {
      this.socket.destroy();
    }
  }

  /**
   * Ends its side, and goes on reading what the peer says: a socket that is destroyed answers that with a reset, at
   * which the peer loses what it has not read yet.
   */
  private async handOver(): Promise<void> {
    const { socket } = this;
    socket.setTimeout(0);
    socket.end().unref();
    await new Promise<void>((resolve) => {
      const timers = [
        setTimeout(resolve, farewell).unref(),
        setTimeout(() => socket.destroy(), lingering).unref(),
      ];
      socket.on('close', () => {
        timers.forEach(clearTimeout);
        resolve();
      });
    });
  }

  /** Begins a send. */
  private readonly begin = (sending: Sending<A>, events: number): void => {
    if (this.failure !== undefined) {
      sending.fail(this.failure);
      return;
    }
    for (let left = events; left > 0; left--) {
      this.unwritten.push(sending);
    }
    if (!this.willWrite) {
      this.willWrite = true;
      // With everything else that is sent in this turn of the event loop.
      setImmediate(() => {
        this.willWrite = false;
        this.write();
      });
    }
  };

  /** Writes what is not written yet, as much as the socket can hold. */
  private write(): void {
    while (!this.isFull && this.unwritten.length > 0) {
      this.writePiece();
    }
  }

  private writePiece(): void {
    const { unwritten, waiting, settings, socket } = this;
    const piece = settings.framing.newPiece();
    let sending: Sending<A> | undefined;
    let last: Sending<A> | undefined;
    let count = 0;
    while (piece.size < pieceSize && (sending = unwritten.shift()) !== undefined) {
      if (sending !== last) {
        last?.tell();
        last = sending;
      }
      if (!sending.isOver && sending.write(piece)) {
        waiting.push(sending);
        count++;
      }
    }
    last?.tell();
    if (this.failure !== undefined || count === 0) {
      return;
    }
    const chunk = piece.toChunk();
    this.isFull = !(settings.unacknowledged
      ? socket.write(chunk, (error) => {
          if (error == null) {
            this.answered(count, []);
          }
        })
      : socket.write(chunk));
  }

  private hear(bytes: Buffer): void {
    this.hasHeard = true;
    if (this.settings.unacknowledged) {
      return;
    }
    const { splitter, waiting } = this;
    const answers = splitter.split(bytes);
    const isAsked = answers.length <= waiting.length;
    const broken = !isAsked
      ? new Error('the peer has answered what nobody has sent')
      : splitter.isOverrun
        ? new Error(`expected an answer of at most ${this.settings.maxAnswerSize} bytes`)
        : undefined;
    this.answered(Math.min(answers.length, waiting.length), answers, broken);
  }

  /** The next events have their answers. It breaks then, when the peer has said what it must not. */
  private answered(count: number, answers: readonly A[], broken?: Error): void {
    const { waiting } = this;
    let sending: Sending<A> | undefined;
    let last: Sending<A> | undefined;
    // What follows from an answer is written together, below.
    this.willWrite = true;
    // It may be closed in between: then nobody waits.
    for (let index = 0; index < count && (sending = waiting.shift()) !== undefined; index++) {
      if (sending !== last) {
        last?.tell();
        last = sending;
      }
      if (!sending.isOver) {
        sending.answered(answers[index] as A);
      }
    }
    last?.tell();
    this.willWrite = false;
    if (broken === undefined) {
      this.write();
    } else {
      this.fail(broken);
    }
  }

  private leftByPeer(): Error {
    const count = this.settings.unacknowledged ? 0 : this.waiting.length;
    const unanswered = count === 0 ? '' : ` with ${count} event${count === 1 ? '' : 's'} unanswered`;
    return new Error(`closed by the peer${unanswered}${this.suspicion}`);
  }

  /** What it may mean that the peer leaves now: since TLS 1.3 it sees a certificate only when all is agreed upon. */
  private get suspicion(): string {
    return this.address.isSecure && !this.hasHeard && performance.now() - this.openedAt < refusal
      ? ', before it said anything: over TLS, that may be its way to refuse a client certificate'
      : '';
  }

  /** It is broken. */
  private fail(error: unknown): void {
    this.socket.destroy();
    this.end(error);
  }

  /** There are no more answers, whatever the peer says. */
  private end(error: unknown): void {
    if (this.failure !== undefined) {
      return;
    }
    const { name, secrets } = this.settings;
    const failure = secrets.failure(name, error);
    this.failure = failure;
    // The balancer takes back at once whatever is in flight.
    this.failed$.error(failure);
    for (const queue of [this.waiting, this.unwritten]) {
      for (let sending = queue.shift(); sending !== undefined; sending = queue.shift()) {
        if (!sending.isOver) {
          sending.fail(failure);
        }
      }
    }
  }
}

/** Begins to connect; throws when the certificate that is to be shown, or the like, cannot be read. */
function socketTo(
  { host, port, isSecure }: Address,
  { name, secrets, tls }: Pick<TcpSettings<never, unknown, never>, 'name' | 'secrets' | 'tls'>,
): Socket {
  if (!isSecure) {
    return connect({ host, port });
  }
  try {
    return connectTls({ ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, host, port });
  } catch (error) {
    throw secrets.failure(name, error);
  }
}
