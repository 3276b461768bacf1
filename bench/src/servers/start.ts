/** Starts a server in a process of its own, so that it does not share a thread with what is measured. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Arrivals, Arrived } from '../arrivals.js';

/** A server that counts what arrives. It ends with this process. */
export interface Server extends Arrivals {
  readonly port: number;
}

/** The file of a server. */
export type ServerName = 'lines' | 'http' | 'tcp' | 'webSocket' | 'redis' | 'nats' | 'jetStream';

/** What a server is asked for over its channel; it answers with what has arrived. */
export const question = 'take';

/**
 * Starts one.
 * @param name Its file.
 * @param args What it is told.
 */
export async function start(name: ServerName, ...args: readonly string[]): Promise<Server> {
  const child = fork(fileURLToPath(new URL(`${name}.js`, import.meta.url)), args, { execArgv: [] });
  const ended = once(child, 'exit').then(([code]: unknown[]): never => {
    throw new Error(`the server ${name} ended with the code ${String(code)}; its last words are above`);
  });
  const next = async (): Promise<unknown> => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
    return message;
  };
  return {
    port: (await next()) as number,
    take: () => {
      child.send(question);
      return next() as Promise<Arrived>;
    },
  };
}
