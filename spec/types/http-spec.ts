/** Which types an HTTP connection has, and a balancer that it is given to: these fail when they are compiled. */
import { expectTypeOf } from 'expect-type';
import { from, of, type Observable } from 'rxjs';
import {
  bulk,
  httpConnection,
  HttpStatusError,
  json,
  jsonAnswer,
  jsonArray,
  ndjson,
  ndjsonAnswer,
  type BulkItem,
  type HttpAnswer,
  type HttpBody,
  type HttpFormat,
} from '../../src/connections/http.js';
import { loadBalance, type BatchConnection, type Connection, type Outcome } from '../../src/index.js';

const url = 'http://host/';

interface Line {
  readonly text: string;
}

/** A format of one's own. */
const lengths: HttpFormat<Line, number> = {
  encode: (events): HttpBody => ({ body: events.map(({ text }) => text).join('\n') }),
  read: (answer, events) => {
    expectTypeOf(answer).toEqualTypeOf<HttpAnswer>();
    expectTypeOf(events).toEqualTypeOf<readonly Line[]>();
    return events.map((_, index) => ({ index, status: 'delivered', value: answer.body.length }));
  },
};

/** For what must not compile, and would throw if it ran. */
function unused(make: () => unknown): void {
  expectTypeOf(make).toBeFunction();
}

describe('the types of httpConnection', () => {
  it('are those of a connection for anything by default', () => {
    expectTypeOf(httpConnection(url)).toEqualTypeOf<Connection<unknown, void>>();
    expectTypeOf(httpConnection(new URL(url), {})).toEqualTypeOf<Connection<unknown, void>>();
    expectTypeOf(httpConnection(url, { window: 2, health: '/' })).toEqualTypeOf<Connection<unknown, void>>();
  });

  it('are those of a batch connection with batch', () => {
    expectTypeOf(httpConnection(url, { batch: { size: 2 } })).toEqualTypeOf<BatchConnection<unknown, void>>();
  });

  it('are those that are given', () => {
    expectTypeOf(httpConnection<Line>(url)).toEqualTypeOf<Connection<Line, void>>();
    expectTypeOf(httpConnection<Line>(url, { batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<Line, void>
    >();
  });

  it('are those of the format', () => {
    expectTypeOf(httpConnection(url, { format: lengths })).toEqualTypeOf<Connection<Line, number>>();
    expectTypeOf(httpConnection(url, { format: lengths, batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<Line, number>
    >();
    expectTypeOf(httpConnection(url, { format: ndjson<Line>() })).toEqualTypeOf<Connection<Line, void>>();
    expectTypeOf(httpConnection(url, { format: bulk(), batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<unknown, BulkItem>
    >();
  });

  it('are those of the functions of bulk', () => {
    const format = bulk({ id: (line: Line) => line.text });
    expectTypeOf(format).toEqualTypeOf<HttpFormat<Line, BulkItem>>();
    expectTypeOf(httpConnection(url, { format })).toEqualTypeOf<Connection<Line, BulkItem>>();
    // @ts-expect-error -- an id is a text
    unused(() => bulk({ id: (line: Line) => line.text.length }));
    // @ts-expect-error -- nothing is deleted
    unused(() => bulk({ action: 'delete' }));
  });

  it('are those of a reader', () => {
    expectTypeOf(json({ read: jsonAnswer })).toEqualTypeOf<HttpFormat<unknown, unknown>>();
    expectTypeOf(
      httpConnection(url, { format: ndjson({ read: ndjsonAnswer }), batch: { size: 2 } }),
    ).toEqualTypeOf<BatchConnection<unknown>>();
    const read = (_: HttpAnswer, events: readonly Line[]) =>
      events.map(({ text }, index) => ({ index, status: 'delivered' as const, value: text }));
    expectTypeOf(jsonArray({ read })).toEqualTypeOf<HttpFormat<Line, string>>();
  });

  it('are accepted by the balancer, and make no other type of its own', () => {
    const connections = [httpConnection(url), httpConnection(url, { batch: { size: 2 } })] as const;
    expectTypeOf(of('a').pipe(loadBalance([httpConnection(url)]))).toEqualTypeOf<
      Observable<Outcome<string, void>>
    >();
    expectTypeOf(of(1).pipe(loadBalance(connections))).toExtend<Observable<Outcome<number>>>();
  });

  it('are accepted in a list of many kinds', () => {
    const line: Line = { text: '' };
    const result = of(line).pipe(
      loadBalance([
        httpConnection(url),
        httpConnection(url, { format: lengths }),
        httpConnection(url, { format: bulk(), batch: { size: 2 } }),
        async ({ text }) => Promise.resolve(new Date(text)),
      ]),
    );
    expectTypeOf(result).toEqualTypeOf<
      // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- what a connection without a reader gives
      Observable<Outcome<Line, void | number | BulkItem | undefined | Date>>
    >();
  });

  it('must be for the events of the source', () => {
    const perLine = httpConnection(url, { format: bulk({ id: ({ text }: Line) => text }) });
    // @ts-expect-error -- a number is no line
    void from([1]).pipe(loadBalance([httpConnection(url, { format: lengths })]));
    // @ts-expect-error -- nor is a text
    void from(['a']).pipe(loadBalance([perLine]));
  });

  it('must be options that there are', () => {
    // @ts-expect-error -- a batch has a size
    unused(() => httpConnection(url, { batch: {} }));
    // @ts-expect-error -- milliseconds are a number
    unused(() => httpConnection(url, { health: { path: '/', interval: '1 s' } }));
    // @ts-expect-error -- a header is a text
    unused(() => httpConnection(url, { headers: { 'x-count': 1 } }));
  });

  it('tell the status of an error', () => {
    expectTypeOf(new HttpStatusError('place answered 500', 500).status).toEqualTypeOf<number>();
  });
});
