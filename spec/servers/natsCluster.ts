/** Three nats-servers that are one: what has three replicas outlives any of them. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { Closable } from '../connections/closedAfterEach.js';
import { freePort } from '../../examples/ship/freePort.js';
import { NatsServer } from './natsServer.js';

const names = ['a', 'b', 'c'] as const;

/** The servers, each with a name. */
export class NatsCluster {
  /**
   * Starts them. They may not have a leader yet.
   * @param keep Gets each, to be closed after the test.
   */
  static async start(keep: (server: Closable) => unknown): Promise<NatsCluster> {
    const ports: number[] = [];
    while (ports.length < names.length) {
      ports.push(await freePort());
    }
    const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(', ');
    const started = names.map(async (name, index) => {
      const lines = `cluster { name: "spec", listen: "127.0.0.1:${ports[index]}", routes: [${routes}] }`;
      const server = await NatsServer.start({ name, lines });
      keep({ close: () => server.stop() });
      return server;
    });
    return new NatsCluster(await Promise.all(started));
  }

  private constructor(private readonly servers: readonly NatsServer[]) {}

  /** Their URLs. */
  get urls(): string[] {
    return this.servers.map((server) => server.url());
  }

  /** The one with this name. */
  named(name: string | undefined): NatsServer {
    const server = this.servers[names.findIndex((other) => other === name)];
    if (server === undefined) {
      throw new Error(`expected the name of a server, got ${name}`);
    }
    return server;
  }

  /** Connects to one of them, and to another one when that is gone. */
  connect(): Promise<NatsConnection> {
    const servers = this.servers.map(({ port }) => `127.0.0.1:${port}`);
    return this.named('a').connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  }
}
