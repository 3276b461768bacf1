/** An HTTP endpoint that keeps what it got, and answers as a spec says. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request, whole. */
export interface Got {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A status; with a body and headers, or without. `undefined`: no answer at all. */
export type Said = number | { status: number; body?: string; headers?: OutgoingHttpHeaders } | undefined;

/** One endpoint. */
export interface Endpoint {
  readonly url: string;
  /** What was posted, in the order in which it came. */
  readonly posts: readonly Got[];
  readonly close: () => Promise<void>;
}

/**
 * Listens on a free port.
 * @param answer What to say to a request; a promise keeps it waiting.
 */
export async function endpoint(answer: (got: Got) => Said | Promise<Said> = () => 204): Promise<Endpoint> {
  const posts: Got[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const got = { method, path, headers, body: Buffer.concat(chunks) };
      if (method === 'POST') {
        posts.push(got);
      }
      void Promise.resolve(answer(got)).then((said) => {
        if (said !== undefined) {
          const { status, body = '', headers: more } = typeof said === 'number' ? { status: said } : said;
          response.writeHead(status, more).end(body);
        }
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
