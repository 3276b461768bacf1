/** Servers that nobody here wrote: where they are, or how they come here. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian has some where the PATH of an ordinary user does not lead. */
const folders = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
];

/**
 * Finds a program.
 * @param name Its file.
 * @param packages What to install: Debian's package, and Homebrew's.
 * @returns Its path.
 * @throws Error that says how to install it.
 */
export function programAt(
  name: string,
  packages: { readonly debian: string; readonly homebrew: string },
): string {
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) {
    const { debian, homebrew } = packages;
    throw new Error(
      `${name} is missing: install it with \`apt-get install ${debian}\` or \`brew install ${homebrew}\``,
    );
  }
  return found;
}
