/** Starts a server in a process of its own, so that it does not share a thread with what is measured. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Arrivals, Arrived } from '../arrivals.js';

/** A server that counts what arrives. It ends with this process. */
export interface Server extends Arrivals {
  readonly port: number;
}

/** What a server is asked for over its channel; it answers with what has arrived. */
export const question = 'take';

export async function start(name: 'lines' | 'http'): Promise<Server> {
  const child = fork(fileURLToPath(new URL(`${name}.js`, import.meta.url)), { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  return {
    port,
    take: async () => {
      child.send(question);
      const [arrived] = (await once(child, 'message')) as [Arrived];
      return arrived;
    },
  };
}
