/** What reads or writes texts and bytes that somebody else has chosen: whatever they are, it ends, and either answers or throws what it says it throws. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { bulkAnswer, bulkEntriesIn, linesOf } from '../../examples/collector/bulk.js';
import { commandFrom, UsageError } from '../../examples/ship/commandLine.js';
import { documentOf, isObject } from '../../examples/ship/documents.js';
import { errorText } from '../../examples/ship/errorText.js';
import { formatOf } from '../../examples/ship/formats.js';
import { eventsOf } from '../../examples/ship/lines.js';
import type { LogEvent } from '../../examples/ship/logEvent.js';
import { bytesText, clockText, grouped, latencyText, percentText } from '../../examples/ship/quantities.js';
import { isRecords, recordAt, recordsOf } from '../../examples/ship/record.js';
import { notAUrl, targetsOf } from '../../examples/ship/targets.js';
import {
  bulk,
  json,
  jsonAnswer,
  jsonArray,
  jsonArrayAnswer,
  ndjson,
  ndjsonAnswer,
  type HttpAnswer,
} from '../../src/connections/http.js';
import { Endpoint } from '../../src/connections/http/endpoint.js';
import { checkedHeaders } from '../../src/connections/http/headers.js';
import { retryAfterOf } from '../../src/connections/http/retryAfter.js';
import { Secrets } from '../../src/connections/secrets.js';
import { RejectedError, TemporaryError, type ItemResult } from '../../src/index.js';
import { runs } from './runs.js';

const holds = <Ts extends [unknown, ...unknown[]]>(
  property: fc.IPropertyWithHooks<Ts> | fc.IAsyncPropertyWithHooks<Ts>,
): Promise<void> | void => fc.assert(property as fc.IAsyncPropertyWithHooks<Ts>, { numRuns: runs });

/** Bytes, among them many of those by which formats are told apart. */
const bytes = fc
  .array(fc.oneof(fc.constantFrom(...Buffer.from('\n\r {}[]":,0123456789')), fc.nat({ max: 255 })), {
    maxLength: 60,
  })
  .map((list) => Buffer.from(list));

/** A text with all that Unicode has, and much that means something to parsers. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc
    .array(
      fc.constantFrom('{', '}', '"', '\\', '\n', '\r', '\u2028', '@', ':', '/', '%', '%2', '\0', 'a', ' '),
      {
        maxLength: 40,
      },
    )
    .map((parts) => parts.join('')),
);

const answerOf = (body: string | Buffer): HttpAnswer => ({
  status: 200,
  headers: {},
  body: Buffer.from(body),
});

/** What JSON makes of a value. */
const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const valuesOf = (results: readonly ItemResult[] | undefined): unknown[] =>
  (results ?? []).map((result) => {
    expect(result.status).to.equal('delivered');
    return result.status === 'delivered' ? result.value : undefined;
  });

describe('any text or bytes', function () {
  this.timeout(0);

  describe('as Retry-After', () => {
    const day = 86_400_000;
    const dates = fc.date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('2199-12-31') });

    it('are a time up to a day, or nothing', () =>
      holds(
        fc.property(
          fc.option(text, { nil: undefined }),
          fc.option(text, { nil: undefined }),
          fc.nat(),
          (value, date, now) => {
            const wait = retryAfterOf(value, date, now);
            expect(wait === undefined || (wait >= 0 && wait <= day), String(wait)).to.equal(true);
          },
        ),
      ));

    it('are what they say as seconds', () =>
      holds(
        fc.property(fc.nat({ max: 200_000 }), fc.nat({ max: 3 }), (seconds, zeros) => {
          expect(retryAfterOf(`${'0'.repeat(zeros)}${seconds}`, undefined, 0)).to.equal(
            Math.min(seconds * 1_000, day),
          );
        }),
      ));

    it("are what they say as a date, by the server's clock or ours", () =>
      holds(
        fc.property(dates, dates, fc.boolean(), (then, clock, isDated) => {
          const [at, now] = [then, clock].map((date) => 1_000 * Math.floor(date.getTime() / 1_000));
          const wait = Math.min(Math.max((at ?? 0) - (now ?? 0), 0), day);
          const read = isDated
            ? retryAfterOf(then.toUTCString(), clock.toUTCString(), 0)
            : retryAfterOf(then.toUTCString(), undefined, now ?? 0);
          // The year 1970 begins with a time that is none.
          expect(read).to.equal(isDated && now === 0 ? Math.min(at ?? 0, day) : wait);
        }),
      ));
  });

  describe('as the answer of a server', () => {
    const readers = { jsonAnswer, jsonArrayAnswer, ndjsonAnswer };

    for (const [name, read] of Object.entries(readers)) {
      it(`are results, or an error that shows none of it (${name})`, () =>
        holds(
          fc.property(fc.oneof(bytes, text, fc.json()), fc.nat({ max: 4 }), (body, count) => {
            const events = Array.from({ length: count });
            try {
              const results = read(answerOf(body), events);
              expect(results).to.have.length(name === 'jsonAnswer' ? 1 : count);
            } catch (error) {
              expect((error as Error).message).to.match(
                /^expected (JSON in the answer|an array of \d values, got (\d+ of them|no array)|\d lines, got \d+)$/,
              );
            }
          }),
        ));
    }

    it('are what was written, read back', () =>
      holds(
        fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), (values) => {
          const expected = values.map(written);
          const array = jsonArray({ read: jsonArrayAnswer });
          const lines = ndjson({ read: ndjsonAnswer });
          for (const format of [array, lines]) {
            const { body } = format.encode(values);
            expect(valuesOf(format.read?.(answerOf(body as string), values))).to.deep.equal(expected);
          }
          for (const value of values) {
            const { body } = json().encode([value]);
            expect(valuesOf(jsonAnswer(answerOf(body as string)))).to.deep.equal([written(value)]);
          }
        }),
      ));

    const statuses = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.double(), fc.jsonValue());
    const items = fc.array(
      fc.oneof(
        fc
          .record({ status: statuses, error: fc.jsonValue(), _id: fc.jsonValue() }, { requiredKeys: [] })
          .map((item) => ({ index: item })),
        fc.jsonValue(),
      ),
      { maxLength: 6 },
    );
    const bodies = fc.oneof(
      { arbitrary: items.map((list) => JSON.stringify({ items: list })), weight: 4 },
      { arbitrary: fc.json(), weight: 1 },
      { arbitrary: text, weight: 1 },
      { arbitrary: bytes.map((given) => given.toString()), weight: 1 },
    );

    it('are one result for each document, or an error (bulk)', () =>
      holds(
        fc.property(bodies, fc.nat({ max: 6 }), (body, count) => {
          let results: readonly ItemResult[] | undefined;
          try {
            results = bulk().read?.(
              answerOf(body),
              Array.from({ length: count }, () => ({})),
            );
          } catch (error) {
            expect((error as Error).message).to.match(
              /^expected (JSON in the answer|at most \d items, got (\d+|none)|each item to be `index` with a status)$/,
            );
            return;
          }
          expect(results?.map(({ index }) => index)).to.deep.equal(
            Array.from({ length: count }, (_, index) => index),
          );
          for (const result of results ?? []) {
            const isClear =
              result.status === 'delivered' ||
              result.error instanceof TemporaryError ||
              result.error instanceof RejectedError;
            expect(isClear).to.equal(true);
          }
        }),
      ));

    it('are what the status of each document says (bulk)', () =>
      holds(
        fc.property(
          fc.array(fc.integer({ min: 100, max: 599 }), { maxLength: 8 }),
          fc.boolean(),
          (list, creates) => {
            const action = creates ? 'create' : 'index';
            const body = JSON.stringify({ items: list.map((status) => ({ [action]: { status } })) });
            const fates = bulk({ action })
              .read?.(
                answerOf(body),
                list.map(() => ({})),
              )
              ?.map((result) => {
                if (result.status === 'delivered') {
                  return 'delivered';
                }
                return result.error instanceof TemporaryError ? 'temporary' : 'rejected';
              });
            const fateBy = (status: number): string => {
              if ((status >= 200 && status < 300) || (status === 409 && creates)) {
                return 'delivered';
              }
              return [408, 429].includes(status) || status >= 500 ? 'temporary' : 'rejected';
            };
            expect(fates).to.deep.equal(list.map(fateBy));
          },
        ),
      ));

    it('are written by bulk as one action and one document a line, whatever is in them', () =>
      holds(
        fc.property(
          fc.array(fc.tuple(text, fc.dictionary(fc.string(), fc.jsonValue())), {
            minLength: 1,
            maxLength: 4,
          }),
          (list) => {
            const format = bulk<(typeof list)[number]>({
              id: ([id]) => id,
              document: ([, document]) => document,
            });
            const entries = bulkEntriesIn(Buffer.from(format.encode(list).body as string));
            // What is no text in UTF-8 has no equal there.
            const isText = list.every(([id]) => !/\p{Cs}/u.test(id));
            expect(entries?.length).to.equal(list.length);
            if (isText) {
              expect(entries?.map(({ id, action }) => [id, action])).to.deep.equal(
                list.map(([id]) => [id, 'index']),
              );
            }
            expect(entries?.map(({ document }) => JSON.parse(document) as unknown)).to.deep.equal(
              list.map(([, document]) => written(document)),
            );
          },
        ),
      ));
  });

  describe('as headers', () => {
    it('are refused, or cannot break out of their line', () =>
      holds(
        fc.property(fc.dictionary(text, text, { maxKeys: 3 }), (headers) => {
          try {
            for (const [name, value] of Object.entries(checkedHeaders('who', 'headers', headers))) {
              expect(name).to.match(/^[!#$%&'*+.^_`|~0-9a-z-]+$/);
              expect(value).to.match(/^[\t\x20-\x7e\x80-\xff]*$/);
            }
          } catch (error) {
            expect(error).to.be.instanceOf(TypeError);
            expect((error as Error).message).to.match(/^who: expected `headers\[".*"\]` to (be|have) /s);
          }
        }),
      ));
  });

  describe('as secrets', () => {
    /** Something worth hiding: no part of what is said anyway. */
    const secret = fc
      .string({ unit: 'grapheme-ascii', minLength: 4, maxLength: 20 })
      .map((word) => word.replace(/\s/g, '_'))
      .map((word) => `s3cr3t${word}`);
    const userInfo = (word: string): string => encodeURIComponent(word);

    it('are in nothing that is shown of a text with them', () =>
      holds(
        fc.property(
          fc.array(secret, { minLength: 1, maxLength: 3 }),
          fc.array(fc.oneof(text, fc.nat({ max: 2 })), { maxLength: 6 }),
          fc.boolean(),
          (list, parts, isCutOff) => {
            const said = parts.map((part) => (typeof part === 'number' ? (list[part] ?? '') : part)).join('');
            const secrets = new Secrets(list);
            for (const shown of [
              secrets.redacted(said),
              secrets.redacted(JSON.stringify(said)),
              secrets.shown(said, isCutOff),
              secrets.shown(JSON.stringify(said), isCutOff),
            ]) {
              for (const word of list) {
                expect(shown).to.not.include(word);
                expect(shown).to.not.include(JSON.stringify(word).slice(1, -1));
              }
            }
            expect(secrets.shown(said)).to.match(/^[^\n\r\0]{0,400}$/);
          },
        ),
      ));

    it('are hidden whole where one is the beginning of another', () =>
      holds(
        fc.property(secret, text, (word, before) => {
          const secrets = new Secrets([word, `${word}and-more`]);
          expect(secrets.shown(`${before}${word}and-more`)).to.not.include('and-more');
        }),
      ));

    it('are in nothing that is shown of a text that was cut off within them', () =>
      holds(
        fc.property(secret, text, fc.nat({ max: 25 }), (word, before, length) => {
          const said = before + word.slice(0, length);
          const shown = new Secrets([word]).shown(said, true);
          // Whatever of it was left by the cut is as long as it is, at most.
          expect(shown).to.not.include(word.slice(0, Math.max(length, 7)));
        }),
      ));

    it('are in no error that was cleaned of them, in no part of it, and its kind stays', () =>
      holds(
        fc.property(secret, text, text, fc.nat({ max: 2 }), (word, before, after, kind) => {
          const Kind = [Error, TemporaryError, RejectedError][kind] ?? Error;
          const secrets = new Secrets([word]);
          const said = `${before}${word}${after}`;
          for (const error of [
            new Kind(said),
            new Kind('fine', { cause: said }),
            new Kind('fine', { cause: new Error(said) }),
            Object.assign(new Kind('fine'), { body: Buffer.from('fine'), path: { in: said } }),
          ]) {
            const cleaned = secrets.cleaned(error);
            expect(cleaned).to.be.instanceOf(Kind);
            expect(inspect(cleaned, { depth: 9, showHidden: true })).to.not.include(word);
            expect(inspect(secrets.failure('place', error), { depth: 9, showHidden: true })).to.not.include(
              word,
            );
          }
        }),
      ));

    it('are in no name of an endpoint, in no redirect, and in the request where they belong', () =>
      holds(
        fc.property(secret, secret, fc.webPath(), text, (user, word, path, location) => {
          const endpoint = new Endpoint(
            'who',
            `http://${userInfo(user)}:${userInfo(word)}@host:8080${path}?token=${userInfo(word)}`,
          );
          expect(endpoint.origin).to.equal('http://host:8080');
          expect(endpoint.authorization).to.equal(
            `Basic ${Buffer.from(`${user}:${word}`).toString('base64')}`,
          );
          expect(endpoint.name).to.not.include('s3cr3t');
          expect(endpoint.secrets).to.include.members([user, word]);
          const secrets = new Secrets(endpoint.secrets);
          for (const to of [
            location,
            `/${userInfo(word)}`,
            `//${userInfo(user)}:${userInfo(word)}@other/`,
            `/${word}`,
          ]) {
            const shown = secrets.shown(endpoint.destination(to));
            expect(shown).to.not.include(word);
            expect(shown).to.not.include(user);
          }
        }),
      ));

    it('are not shown of a URL that is none', () =>
      holds(
        fc.property(
          fc.constantFrom('http://', 'http:/', 'ftp://', '//', '', 'HTTP:\\\\'),
          secret,
          secret,
          fc.constantFrom('host:x/', 'ho st', ':99999', '', '@', '/a@b'),
          (scheme, user, word, host) => {
            const url = `${scheme}${user}:${word}@${host}`;
            const { message } = notAUrl(url);
            expect(message).to.not.include(word);
            expect(message).to.not.include(user);
            // Where it can be read all the same, what seemed to be a name is a host or a path.
            if (!URL.canParse(url)) {
              expect(() => new Endpoint('who', url))
                .to.throw(TypeError)
                .with.property('message')
                .that.not.includes('s3cr3t');
            }
          },
        ),
      ));
  });

  describe('as an endpoint', () => {
    it('are a URL of HTTP or refused, and paths stay at their origin', () =>
      holds(
        fc.property(
          fc.oneof(text, fc.webUrl({ withQueryParameters: true, withFragments: true })),
          text,
          (url, path) => {
            let endpoint: Endpoint;
            try {
              endpoint = new Endpoint('who', url);
            } catch (error) {
              expect(error).to.be.instanceOf(TypeError);
              expect((error as Error).message).to.match(
                /^who: expected `url` to be an http: or https: URL, got /,
              );
              return;
            }
            expect(endpoint.path).to.match(/^\/[^\s#]*$/);
            const other = endpoint.pathTo(path);
            if (other !== undefined) {
              expect(other).to.match(/^\/[^\s#]*$/);
              expect(new URL(endpoint.origin + other).origin).to.equal(endpoint.origin);
            }
          },
        ),
      ));
  });

  describe('as the lines of an input', () => {
    const linesIn = async (chunks: readonly Buffer[]): Promise<Buffer[]> => {
      const lines: Buffer[] = [];
      const input = async function* (): AsyncGenerator<Buffer> {
        await Promise.resolve();
        yield* chunks;
      };
      let n = 0;
      const events = eventsOf(
        input,
        (line) => ({ n: n++, bytes: line }),
        new AbortController().signal,
        (error) => error as Error,
      );
      for await (const { bytes: line } of events) {
        lines.push(line);
      }
      return lines;
    };

    it('are all there, each line once, however they are cut', () =>
      holds(
        fc.asyncProperty(fc.array(bytes, { maxLength: 6 }), async (chunks) => {
          const lines = await linesIn(chunks);
          const whole = Buffer.concat(chunks);
          expect(Buffer.concat(lines).equals(whole)).to.equal(true);
          expect(lines.slice(0, -1).every((line) => line.indexOf('\n') === line.length - 1)).to.equal(true);
          expect(lines.every(({ length }) => length > 0)).to.equal(true);
          expect(lines).to.deep.equal(await linesIn([whole]));
        }),
      ));
  });

  describe('as the records of a file', () => {
    const events = fc
      .array(fc.tuple(fc.nat({ max: Number.MAX_SAFE_INTEGER }), bytes), { minLength: 1, maxLength: 4 })
      .map((list) => list.map(([n, content]): LogEvent => ({ n, bytes: content })));

    const allIn = (buffer: Buffer): { readonly events: LogEvent[]; readonly end: number } => {
      const found: LogEvent[] = [];
      let end = 0;
      for (let record = recordAt(buffer, 0); record !== undefined; record = recordAt(buffer, end)) {
        found.push(record.event);
        // Each goes on: it ends.
        expect(record.end).to.be.above(end);
        ({ end } = record);
      }
      return { events: found, end };
    };

    it('are what was written, read back', () =>
      holds(
        fc.property(events, (list) => {
          const buffer = recordsOf(list);
          expect(isRecords(buffer)).to.equal(true);
          expect(allIn(buffer)).to.deep.equal({ events: list, end: buffer.length });
        }),
      ));

    it('are the whole ones of them, wherever they are cut off', () =>
      holds(
        fc.property(events, (list) => {
          const buffer = recordsOf(list);
          const ends = list.map((_, index) => recordsOf(list.slice(0, index + 1)).length);
          for (let length = 0; length < buffer.length; length++) {
            const cut = buffer.subarray(0, length);
            const whole = ends.filter((end) => end <= length);
            expect(allIn(cut)).to.deep.equal({ events: list.slice(0, whole.length), end: whole.at(-1) ?? 0 });
            expect(isRecords(cut)).to.equal(whole.at(-1) === length);
          }
        }),
      ));

    it('are records, too few bytes of one, or an error', () =>
      holds(
        fc.property(bytes, fc.nat({ max: 60 }), (buffer, start) => {
          expect(isRecords(buffer)).to.be.a('boolean');
          try {
            const found = recordAt(buffer, start);
            if (found !== undefined) {
              expect(found.end).to.be.within(start, buffer.length);
              expect(found.event.n).to.be.at.least(0);
            }
          } catch (error) {
            expect((error as Error).message).to.match(/^expected a record, got "/);
          }
        }),
      ));
  });

  describe('as a line that becomes a document', () => {
    it('are one JSON object on one line, itself or with the line as its message', () =>
      holds(
        fc.property(
          fc.oneof(
            bytes.filter((line) => !line.includes(0x0a)),
            fc.json().map((line) => Buffer.from(line)),
          ),
          (line) => {
            const document = documentOf({ n: 0, bytes: Buffer.concat([line, Buffer.from('\n')]) });
            expect(document).to.not.include('\n');
            expect(isObject(document)).to.equal(true);
            const message = line.toString();
            if (!isObject(message.trim())) {
              expect(JSON.parse(document)).to.deep.equal({ message: message.replace(/\r$/, '') });
            } else {
              expect(document).to.equal(message.trim());
            }
          },
        ),
      ));

    it('are as many lines or actions as there are events, in every format', () =>
      holds(
        fc.property(
          fc.array(
            bytes.filter((line) => !line.includes(0x0a)),
            { minLength: 1, maxLength: 4 },
          ),
          (lines) => {
            const list = lines.map((line, n) => ({ n, bytes: Buffer.concat([line, Buffer.from('\n')]) }));
            const bodyOf = (name: 'lines' | 'ndjson' | 'bulk'): Buffer =>
              Buffer.from(formatOf(name).encode(list).body);
            expect(bodyOf('lines').equals(Buffer.concat(list.map((event) => event.bytes)))).to.equal(true);
            expect(bodyOf('ndjson').toString().split('\n')).to.have.length(lines.length + 1);
            const entries = bulkEntriesIn(bodyOf('bulk'));
            expect(entries?.map(({ document }) => document)).to.deep.equal(list.map(documentOf));
          },
        ),
      ));
  });

  describe('as a request of bulk', () => {
    const entries = fc.array(
      fc.tuple(
        fc.constantFrom('create' as const, 'index' as const),
        fc.string(),
        fc.dictionary(fc.string(), fc.jsonValue()),
      ),
      { minLength: 1, maxLength: 4 },
    );

    it('are its documents, read back, and an answer and a line for each', () =>
      holds(
        fc.property(entries, (list) => {
          const body = list
            .map(
              ([action, id, document]) =>
                `{"${action}":{"_id":${JSON.stringify(id)}}}\n${JSON.stringify(document)}\n`,
            )
            .join('');
          const found = bulkEntriesIn(Buffer.from(body)) ?? [];
          expect(found).to.deep.equal(
            list.map(([action, id, document]) => ({ action, id, document: JSON.stringify(document) })),
          );
          const { items } = JSON.parse(bulkAnswer(found)) as { readonly items: readonly object[] };
          expect(items).to.deep.equal(list.map(([action, id]) => ({ [action]: { _id: id, status: 201 } })));
          const lines = linesOf(found).toString().split('\n').slice(0, -1);
          expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal(
            list.map(([, id, document]) => ({ _id: id, document: written(document) })),
          );
        }),
      ));

    it('are documents or nothing', () =>
      holds(
        fc.property(
          fc.oneof(
            bytes,
            fc.array(fc.json(), { maxLength: 4 }).map((lines) => Buffer.from(`${lines.join('\n')}\n`)),
          ),
          (body) => {
            for (const { id, document } of bulkEntriesIn(body) ?? []) {
              expect(id).to.be.a('string');
              expect(isObject(document)).to.equal(true);
            }
          },
        ),
      ));
  });

  describe('as a command line', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '--to',
        '--format',
        '--health',
        '--window',
        '--batch',
        '--rate',
        '--timeout',
        '--max-attempts',
        '--dead-letter',
        '--events',
        '--json',
        '--quiet',
        '--keep',
        '--help',
        '--',
        '-',
        '--no-json',
        '--to=',
        'http://host/',
        'https://user:password@host',
        'host:80',
        'lines',
        'ndjson',
        'bulk',
        '/health',
        '0',
        '1',
        '-1',
        '1e9',
        'soon',
        'file',
      ),
      text,
    );

    it('are a command, help, or an error that is told to a person', () =>
      holds(
        fc.property(fc.array(word, { maxLength: 6 }), (args) => {
          try {
            const command = commandFrom(args);
            if (command !== undefined) {
              for (const count of [command.options.window, command.options.batch, command.options.timeout]) {
                expect(count === undefined || (Number.isSafeInteger(count) && count >= 1)).to.equal(true);
              }
            }
          } catch (error) {
            expect(error).to.be.instanceOf(UsageError);
            expect((error as Error).message).to.not.equal('');
          }
        }),
      ));

    it('are targets with names of their own, or an error', () =>
      holds(
        fc.property(
          fc.array(fc.oneof(fc.webUrl(), fc.constantFrom('http://a/', 'http://a', 'http://u:p@a/?b'), text), {
            maxLength: 4,
          }),
          fc.constantFrom('lines' as const, 'bulk' as const),
          (words, format) => {
            try {
              const targets = targetsOf(words, format);
              expect(new Set(targets.map(({ name }) => name)).size).to.equal(words.length);
              expect(targets.every(({ url }) => /^https?:$/.test(url.protocol))).to.equal(true);
            } catch (error) {
              expect(error).to.be.instanceOf(TypeError);
              expect((error as Error).message).to.match(
                /^expected a URL with http:\/\/ or https:\/\/, got '/,
              );
            }
          },
        ),
      ));
  });

  describe('and any quantity', () => {
    const amount = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e15, noNaN: true }));

    it('are short where they are shown to people', () =>
      holds(
        fc.property(amount, (value) => {
          expect(grouped(value)).to.match(/^\d{1,3}(,\d{3})*$/);
          expect(Number(grouped(value).replaceAll(',', ''))).to.equal(Math.round(value));
          expect(bytesText(value)).to.match(/^\d{1,4}(\.\d)? [kMGT]?B$/);
          expect(clockText(value)).to.match(/^(\d+:)?[0-5]?\d:[0-5]\d$/);
          expect(latencyText(value)).to.match(/^(<1 ms|\d{1,3} ms|\d+\.\d s)$/);
        }),
      ));

    it('is 100 % only when nothing is left', () =>
      holds(
        fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (part) => {
          const [, percent = ''] = /^(\d{1,3}) %$/.exec(percentText(part)) ?? [];
          expect(Number(percent)).to.be.within(0, 100);
          expect(percent === '100').to.equal(part === 1);
        }),
      ));

    it('are an error on one line', () =>
      holds(
        fc.property(
          fc.oneof(
            text,
            text.map((message) => new Error(message)),
            fc.anything({ withNullPrototype: false }),
          ),
          (error) => {
            expect(
              errorText(
                typeof error === 'object' && error !== null && !(error instanceof Error) ? 'object' : error,
              ),
            ).to.not.match(/[\n\r\0]/);
          },
        ),
      ));
  });
});
