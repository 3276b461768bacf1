/** httpConnection keeps the contract: an nginx that asks for a password, in front of a collector. */
import { httpConnection, type HttpFormat } from '../../../src/connections/http.js';
import { Collector } from '../collector.js';
import { Nginx } from '../nginx.js';
import { describeContract } from './contract.js';
import type { ContractOptions, ContractServer } from './subject.js';

/** Both. */
class GuardedCollector implements ContractServer {
  static async start(): Promise<GuardedCollector> {
    const collector = await Collector.start();
    const nginx = await Nginx.start({
      server: `
        location / {
          auth_basic "events";
          auth_basic_user_file passwords;
          proxy_pass http://${collector.host};
        }
      `,
      files: { passwords: 'ship-user:{PLAIN}open sesame\n' },
    });
    return new GuardedCollector(nginx, collector);
  }

  private constructor(
    readonly nginx: Nginx,
    private readonly collector: Collector,
  ) {}

  arrived(): Promise<string[]> {
    return Promise.resolve(
      this.collector.arrivals.flatMap(({ body }) => body.toString().split('\n').slice(0, -1)),
    );
  }

  freeze(): void {
    this.nginx.freeze();
  }

  thaw(): void {
    this.nginx.thaw();
  }

  kill(): Promise<void> {
    return this.nginx.kill();
  }

  start(): Promise<void> {
    return this.nginx.start();
  }

  async stop(): Promise<void> {
    await this.nginx.stop();
    await this.collector.stop();
  }
}

function connect({ nginx }: GuardedCollector, credentials: string, options: ContractOptions) {
  const { encode, port, ...rest } = options;
  const url = new URL(nginx.url('/events', credentials));
  if (port !== undefined) {
    url.port = String(port);
  }
  const format: HttpFormat<string, void> = {
    encode: (events) => ({ body: events.map((event) => `${encode(event)}\n`).join('') }),
  };
  return httpConnection(url, { ...rest, format });
}

describeContract<GuardedCollector>({
  name: 'httpConnection',
  startServer: () => GuardedCollector.start(),
  connect: (server, options) => connect(server, 'ship-user:open%20sesame', options),
  connectAsStranger: (server, options) => connect(server, 'ship-user:close%20sesame', options),
  refusal: /answered 401 Unauthorized/,
  secret: 'close sesame',
});
