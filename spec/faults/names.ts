/** Host names that come and go: what `dns.lookup` says of the names below `.test`. */
import { createRequire } from 'node:module';
import type { LookupAddress, LookupAllOptions, LookupOptions } from 'node:dns';

type Answered = (
  error: NodeJS.ErrnoException | null,
  address: string | readonly LookupAddress[],
  family?: number,
) => void;

type Lookup = (name: string, options: LookupOptions | LookupAllOptions, answered: Answered) => void;

const known = new Set<string>();

// Node's sockets ask this very object. (What an import gives is a copy.)
const dns = createRequire(import.meta.url)('node:dns') as { lookup: Lookup };
const { lookup } = dns;

dns.lookup = (name, options, answered) => {
  if (!name.endsWith('.test')) {
    lookup(name, options, answered);
  } else if (known.has(name)) {
    lookup('127.0.0.1', options, answered);
  } else {
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    process.nextTick(answered, error);
  }
};

/** From now on the name is that of this machine. */
export function know(name: string): void {
  known.add(name);
}

/** From now on the name is nobody's. */
export function forget(name: string): void {
  known.delete(name);
}
