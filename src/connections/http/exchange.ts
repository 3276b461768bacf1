/** A request and its answer, as a stream: leaving it aborts the request. */
import type { IncomingHttpHeaders } from 'node:http';
import { Observable, type Subscriber } from 'rxjs';
import type { Dispatcher } from 'undici';
import { isSuccess, type HttpAnswer } from './answer.js';

/** What is asked of a server. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** How an answer is read. */
export interface Reading<V> {
  /** Whether the body of a success matters; without it, the status alone is an answer. */
  readonly needsBody: boolean;
  /** How many bytes of a body are read at most. */
  readonly limit: number;
  /** What an answer, whatever its status, says. What it throws is the error of the stream. */
  readonly read: (answer: HttpAnswer) => V;
  /** What to make of an error that came instead of an answer. */
  readonly failure: (error: Error) => unknown;
}

/**
 * Sends a request when it is subscribed.
 *
 * Undici's own `request` makes a stream and a promise for each answer. Here an answer is small and wanted
 * whole, so its parts are collected as they come.
 * @param dispatcher What sends it.
 * @param request Makes the request. What it throws is the error of the stream.
 * @param reading How its answer is read.
 * @returns A stream of what the answer says.
 */
export function exchange<V>(
  dispatcher: Dispatcher,
  request: () => HttpRequest,
  reading: Reading<V>,
): Observable<V> {
  return new Observable((subscriber) => {
    const answer = new AnswerReader(reading, subscriber);
    subscriber.add(() => {
      answer.abort();
    });
    dispatcher.dispatch(request(), answer);
  });
}

/** Collects what comes back, and settles once. */
class AnswerReader<V> implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private chunks: Buffer[] = [];
  private size = 0;
  private settled = false;

  constructor(
    private readonly reading: Reading<V>,
    private readonly subscriber: Subscriber<V>,
  ) {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.settled) {
      controller.abort(new Error('cancelled'));
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // One below 200 is only a word on the way.
    if (status >= 200) {
      this.status = status;
      this.headers = headers;
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > this.reading.limit) {
      const error = new Error(`expected an answer of at most ${this.reading.limit} bytes`);
      this.onResponseError(controller, error);
      controller.abort(error);
    } else {
      this.chunks.push(chunk);
    }
  }

  onResponseEnd(): void {
    if (!this.settled) {
      this.settled = true;
      this.answer();
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.settled) {
      return;
    }
    this.settled = true;
    const { reading, status } = this;
    if (status !== 0 && !(reading.needsBody && isSuccess(status))) {
      this.answer();
    } else {
      this.subscriber.error(reading.failure(error));
    }
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    if (!this.settled) {
      this.settled = true;
      this.controller?.abort(new Error('cancelled'));
    }
  }

  private answer(): void {
    const { chunks, headers, status, subscriber } = this;
    const [only, ...more] = chunks;
    const body = only === undefined || more.length > 0 ? Buffer.concat(chunks) : only;
    let value: V;
    try {
      value = this.reading.read({ status, headers, body });
    } catch (error) {
      subscriber.error(error);
      return;
    }
    subscriber.next(value);
    subscriber.complete();
  }
}
