/** Host names that come: what `dns.lookup` says of the names below `.test`. */
import type { LookupAddress, LookupAllOptions, LookupOptions } from 'node:dns';
import { createRequire } from 'node:module';

type Answered = (
  error: NodeJS.ErrnoException | null,
  address: string | readonly LookupAddress[],
  family?: number,
) => void;

type Lookup = (name: string, options: LookupOptions | LookupAllOptions, answered: Answered) => void;

// Node's sockets ask this very object. (What an import gives is a copy.)
const dns = createRequire(import.meta.url)('node:dns') as { lookup: Lookup };

/** In place of the system's, until it is closed. */
export class HostNames {
  private readonly known = new Set<string>();
  private readonly system = dns.lookup;

  constructor() {
    const { known, system } = this;
    dns.lookup = (name, options, answered) => {
      if (!name.endsWith('.test')) {
        system(name, options, answered);
      } else if (known.has(name)) {
        system('127.0.0.1', options, answered);
      } else {
        const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
        process.nextTick(answered, error);
      }
    };
  }

  /** From now on the name is that of this machine. */
  know(name: string): void {
    this.known.add(name);
  }

  /** The system's again. */
  close(): void {
    dns.lookup = this.system;
  }
}
