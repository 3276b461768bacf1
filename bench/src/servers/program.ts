/** Servers that nobody here wrote: what they are called, and where they are. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program, and what to install for it. */
export interface Program {
  readonly name: string;
  readonly debian: string;
  readonly homebrew: string;
}

export const redisServer: Program = { name: 'redis-server', debian: 'redis-server', homebrew: 'redis' };
export const natsServer: Program = { name: 'nats-server', debian: 'nats-server', homebrew: 'nats-server' };

/** Debian has some where the PATH of an ordinary user does not lead. */
const folders = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
];

/** Its path, when it is installed. */
export function pathOf({ name }: Program): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** What to do about one that is not there. */
export function howToInstall({ name, debian, homebrew }: Program): string {
  return `${name} is missing: install it with \`apt-get install ${debian}\` or \`brew install ${homebrew}\``;
}
