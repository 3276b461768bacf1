/** The shipper's command line. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatNames, type FormatName } from './formats.js';
import type { ShipOptions } from './options.js';
import { looksLikeHost, looksLikeUrl, notAUrl, targetsOf, withoutCredentials } from './targets.js';

/** What `--help` prints. */
export const help = `Ships lines over HTTP, to whichever endpoint has room for them, and tells what became of each.

Usage: ship [options] [FILE|-] --to URL…
       ship [options] [FILE|-]

  FILE               ship the lines of a file
  -                  ship the lines of standard input; the same without FILE, with --to
  --events N         ship N lines of a made-up access log

Where to
  --to URL           an endpoint (http: or https:); repeat it, or write further URLs behind it
  --format NAME      what is sent to it:
                       lines   (default) the bytes of the lines as they are, text/plain
                       ndjson  a line that is a JSON object as it is, any other as {"message": line};
                               application/x-ndjson
                       bulk    the same documents for Elasticsearch's and OpenSearch's _bulk, created with an
                               _id for each line, so that a retry is no duplicate; name the index in the URL
                     a URL without a path gets /, or for bulk /_bulk
  --health PATH      an endpoint is sent to only once it answers GET PATH with 2xx (default: once it connects)

  Without --to it starts three collectors of its own, kills the first of them (SIGKILL) when half is delivered
  (of standard input: 1000 lines), starts it again a second later, and counts what has arrived in their files.
  Without FILE too, it ships 50000 made-up lines, 8000 a second.

How
  --window N         requests in flight on each connection (default 8)
  --batch N          lines in a request at most (default 1)
  --rate N           lines a second at most (default: as fast as they are taken)
  --timeout MS       how long a request may take, in milliseconds (default 10000)
  --max-attempts N   drop a line that has failed so often (default: try until it is delivered)
  --dead-letter FILE append what is dropped, one JSON line each:
                     line, event (or base64), reason, error, attempts, failures

What is shown
  --json             the summary as one line of JSON
  --quiet            the summary only
  --keep             leave the collectors' files, and say where they are (without --to)
  --help             print this

The summary goes to standard output. Progress goes to standard error: a live view on a terminal (without
colours when NO_COLOR is set), or else a line a second.

Lines are read no faster than they are delivered. While no endpoint is up they wait, with --max-attempts too.
Ctrl-C stops reading and ships what has been read, for 5 seconds at most; a second one drops the rest at once;
a third ends the process without a summary. TLS certificates are verified; set NODE_EXTRA_CA_CERTS=FILE (PEM) to
trust a further authority. A user name and password in a URL are sent as Basic authorization, and never shown.

Exit code: 0 when everything was delivered; 1 when something was not; 2 when the command line is wrong or
something cannot be read or written; 130 when it was stopped and all that had been read was delivered.

Examples
  ship access.log --to http://10.0.0.1:8080/in http://10.0.0.2:8080/in --batch 500
  tail -F app.log | ship --to https://logs.example/in --format ndjson --dead-letter dropped.jsonl
  ship app.log --to https://user:password@search.example:9200/app/_bulk --format bulk --batch 1000 --json | jq
`;

/** The command line is wrong. */
export class UsageError extends Error {}

/** What the command line asks for. */
export interface Command {
  readonly options: ShipOptions;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Without any input there is time to see the load move away from the collector that is killed, and come back. */
const shown = { events: 50_000, rate: 8_000 };

/** The longest timer there is, in milliseconds. */
const longestTime = 2 ** 31 - 1;

/**
 * Reads the command line.
 * @param args The words.
 * @returns What it asks for; `undefined` for help.
 * @throws UsageError when something is wrong with it.
 */
export function commandFrom(args: string[]): Command | undefined {
  const { values, positionals } = parsed(args);
  if (values.help === true) {
    return undefined;
  }
  const urls = [...(values.to ?? []), ...positionals.filter(looksLikeUrl)];
  const files = positionals.filter((word) => !looksLikeUrl(word));
  const host = files.find((word) => looksLikeHost(word) && !existsSync(word));
  if (host !== undefined) {
    throw new UsageError(notAUrl(host).message);
  }
  const [input, ...more] = files;
  if (more.length > 0) {
    throw new UsageError(`expected one FILE, got ${more.length + 1}`);
  }
  if (input !== undefined && values.events !== undefined) {
    throw new UsageError('expected either FILE or --events, got both');
  }
  if (input === '') {
    throw new UsageError('expected FILE to be a path, got an empty one');
  }
  const isOwn = urls.length === 0;
  for (const flag of ['format', 'health'] as const) {
    if (isOwn && values[flag] !== undefined) {
      throw new UsageError(`expected --to URL with --${flag}`);
    }
  }
  if (!isOwn && values.keep === true) {
    throw new UsageError('expected either --to or --keep, got both');
  }
  const format = formatFrom(values.format);
  const isShown = isOwn && input === undefined && values.events === undefined;
  return {
    json: values.json === true,
    quiet: values.quiet === true,
    options: {
      input: input ?? (isOwn || values.events !== undefined ? undefined : '-'),
      events: isShown ? shown.events : count('--events', 0, values.events),
      targets: isOwn ? undefined : targetsFrom(urls, format),
      format,
      health: healthFrom(values.health),
      maxAttempts: count('--max-attempts', 1, values['max-attempts']),
      timeout: count('--timeout', 1, values.timeout, longestTime),
      window: count('--window', 1, values.window),
      batch: count('--batch', 1, values.batch),
      rate: count('--rate', 1, values.rate) ?? (isShown ? shown.rate : undefined),
      deadLetter: values['dead-letter'],
      keep: values.keep,
    },
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        to: { type: 'string', multiple: true },
        format: { type: 'string' },
        health: { type: 'string' },
        'max-attempts': { type: 'string' },
        timeout: { type: 'string' },
        window: { type: 'string' },
        batch: { type: 'string' },
        rate: { type: 'string' },
        'dead-letter': { type: 'string' },
        events: { type: 'string' },
        json: { type: 'boolean' },
        quiet: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function count(flag: string, least: number, text: string | undefined, most = Infinity): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Infinity ? `${least} or more` : `from ${least} to ${most}`;
    throw new UsageError(
      `expected ${flag} to be a whole number, ${range}, got '${withoutCredentials(text)}'`,
    );
  }
  return value;
}

function formatFrom(text = 'lines'): FormatName {
  const format = formatNames.find((name) => name === text);
  if (format === undefined) {
    throw new UsageError(
      `expected --format to be ${formatNames.join(', ')}, got '${withoutCredentials(text)}'`,
    );
  }
  return format;
}

function healthFrom(path: string | undefined): string | undefined {
  if (path !== undefined && !/^\/(?!\/)\S*$/.test(path)) {
    throw new UsageError(
      `expected --health to be a path that begins with /, got '${withoutCredentials(path)}'`,
    );
  }
  return path;
}

function targetsFrom(urls: readonly string[], format: FormatName) {
  try {
    return targetsOf(urls, format);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
