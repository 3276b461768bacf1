/** redisConnection keeps the contract: with a list, and with a stream. */
import { redisConnection } from '../../../src/connections/redis.js';
import type { BatchConnection, Connection } from '../../../src/index.js';
import { RedisServer } from '../redisServer.js';
import { describeContract } from './contract.js';
import type { ContractOptions, ContractServer, ContractSubject } from './subject.js';

const key = 'events';

/** A server, and what has come to its key. */
abstract class ContractRedis implements ContractServer {
  constructor(readonly server: RedisServer) {}

  abstract arrived(): Promise<readonly string[]>;

  freeze(): void {
    this.server.freeze();
  }

  thaw(): void {
    this.server.thaw();
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  start(): Promise<void> {
    return this.server.start();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

class ContractList extends ContractRedis {
  async arrived(): Promise<readonly string[]> {
    return (await this.server.ask('LRANGE', key, '0', '-1')) as string[];
  }
}

class ContractStream extends ContractRedis {
  async arrived(): Promise<readonly string[]> {
    const entries = (await this.server.ask('XRANGE', key, '-', '+')) as [string, [string, string]][];
    return entries.map(([, [, event]]) => event);
  }
}

type Connect = (
  server: ContractRedis,
  password: string,
  options: ContractOptions,
) => Connection<string> | BatchConnection<string>;

function urlOf({ server }: ContractRedis, password: string, port = server.port): URL {
  const url = new URL(server.url(password));
  url.port = String(port);
  return url;
}

function subjectFor(
  name: string,
  Server: new (server: RedisServer) => ContractRedis,
  connect: Connect,
): ContractSubject<ContractRedis> {
  return {
    name,
    startServer: async () => new Server(await RedisServer.start()),
    connect: (server, options) => connect(server, 'open%20sesame', options),
    connectAsStranger: (server, options) => connect(server, 'close%20sesame', options),
    refusal: /WRONGPASS/,
    secret: 'close sesame',
  };
}

describeContract(
  subjectFor('redisConnection, a list', ContractList, (server, password, { port, ...options }) =>
    redisConnection(urlOf(server, password, port), { list: key, ...options }),
  ),
);
describeContract(
  subjectFor('redisConnection, a stream', ContractStream, (server, password, { port, ...options }) =>
    redisConnection(urlOf(server, password, port), { stream: key, ...options }),
  ),
);
