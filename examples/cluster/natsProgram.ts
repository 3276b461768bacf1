/** Where nats-server is, or how it comes here. */
import { statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ClusterError } from './clusterError.js';

/** Debian puts it where the PATH of an ordinary user does not lead. */
const furtherFolders = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/**
 * Finds the program.
 * @param environment Its variable NATS_SERVER, or else PATH.
 * @param further The folders to look in after those of PATH.
 * @returns Its path.
 * @throws ClusterError that says how to install it.
 */
export function natsProgram(
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
  further: readonly string[] = furtherFolders,
): string {
  const { NATS_SERVER: given, PATH: path = '' } = environment;
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...further];
  const places = given === undefined ? folders.map((folder) => join(folder, 'nats-server')) : [given];
  const found = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true);
  if (found === undefined) {
    throw new ClusterError(
      `nats-server is missing${given === undefined ? '' : ` at ${given}`}: install it with ` +
        '`apt-get install nats-server` (Debian, Ubuntu) or `brew install nats-server` (macOS)',
      2,
    );
  }
  return found;
}
