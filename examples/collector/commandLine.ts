/** The collector's command line. */
import { openSync, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { parseArgs } from 'node:util';

/** What `--help` prints. */
export const help = `Takes events over HTTP on the loopback interface. What it takes is in its file before it answers.

Usage: collector [options] FILE [PORT]

  FILE          where to append what is taken
  PORT          default: any that is free, which it prints

  --cert FILE   listen with TLS: a certificate (PEM), with --key
  --key FILE    the certificate's private key (PEM)
  --help        print this

  GET  /health    204
  POST /events    records like "17 5 line", one after the other: number, length in bytes, bytes
  POST …/_bulk    actions and documents (create or index); appended as {"_id":…,"document":…} lines
  POST any other  text/plain or application/x-ndjson; appended as it is, ended by a line feed

A body is taken whole or not at all. A file takes one of the three kinds: the first decides.

Exit code: 1 when the port cannot be had, 2 when the command line is wrong or a file cannot be opened.
`;

/** It cannot do what was asked. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode = 2,
  ) {
    super(message);
  }
}

/** What the command line asks for. */
export interface CollectorOptions {
  /** The file's path, and a descriptor that appends to it. */
  readonly file: string;
  readonly descriptor: number;
  readonly port: number;
  /** PEM. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

/**
 * Reads the command line, and opens the files that it names.
 * @param args The words.
 * @returns `undefined` for help.
 * @throws CommandError when something is wrong with them.
 */
export function collectorOptionsFrom(args: string[]): CollectorOptions | undefined {
  const { values, positionals } = parsed(args);
  if (values.help === true) {
    return undefined;
  }
  const [file, port = '0', ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new CommandError(`expected FILE [PORT], got ${positionals.length} arguments; see --help`);
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new CommandError(`expected PORT to be a whole number, 65535 at most, got '${port}'`);
  }
  return {
    port: Number(port),
    tls: tlsFrom(values.cert, values.key),
    file,
    descriptor: opening(file, () => openSync(file, 'a')),
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { cert: { type: 'string' }, key: { type: 'string' }, help: { type: 'boolean' } },
    });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

function tlsFrom(certFile: string | undefined, keyFile: string | undefined): CollectorOptions['tls'] {
  if (certFile === undefined && keyFile === undefined) {
    return undefined;
  }
  if (certFile === undefined || keyFile === undefined) {
    throw new CommandError('expected --cert and --key together, got one of them');
  }
  const cert = opening(certFile, () => readFileSync(certFile));
  const key = opening(keyFile, () => readFileSync(keyFile));
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new CommandError(`cannot use ${certFile} with ${keyFile}: ${String(error)}`);
  }
  return { cert, key };
}

function opening<V>(file: string, open: () => V): V {
  try {
    return open();
  } catch (error) {
    throw new CommandError(`cannot open ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
