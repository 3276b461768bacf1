/** RPC callers: a gRPC client and a NestJS `ClientProxy` as connections. */
import { promisify } from 'node:util';
import {
  Client,
  connectivityState,
  credentials,
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { filter, from, Observable, of } from 'rxjs';
import { connection, loadBalance, type Connection, type FailureKind } from 'rxjs-load-balance';

// What protoc would write.
const write = (text: string): Buffer => Buffer.from(text);
const read = (bytes: Buffer): string => bytes.toString();
const ship = {
  path: '/Collector/Ship',
  ...{ requestStream: false, requestSerialize: write, requestDeserialize: read },
  ...{ responseStream: false, responseSerialize: write, responseDeserialize: read },
};

const kindOf = (error: unknown): FailureKind => {
  switch ((error as Partial<ServiceError>).code) {
    case status.INVALID_ARGUMENT:
    case status.FAILED_PRECONDITION:
    case status.OUT_OF_RANGE:
      return 'rejected';
    case status.RESOURCE_EXHAUSTED:
    case status.ABORTED:
      return 'temporary';
    default: // UNAVAILABLE, DEADLINE_EXCEEDED, UNAUTHENTICATED …
      return 'connection';
  }
};

export const grpc = (name: string, address: string): Connection<string, string | undefined> => {
  let client: Client;
  return {
    name,
    state$: new Observable((subscriber) => {
      // Trying again is the balancer's: a new client begins without the backoff of the one before.
      const options = { 'grpc.enable_retries': 0, 'grpc.use_local_subchannel_pool': 1 };
      client = new Client(address, credentials.createInsecure(), options);
      const channel = client.getChannel();
      const watch = (): void => {
        if (subscriber.closed) return;
        const state = channel.getConnectivityState(true);
        channel.watchConnectivityState(state, Infinity, watch);
        // In any other state calls wait, and end where they are: a server may replace its sockets.
        if (state === connectivityState.READY) subscriber.next('up');
        if (state === connectivityState.TRANSIENT_FAILURE)
          subscriber.error(new Error(`no way to ${address}`));
      };
      watch();
      return () => {
        client.close();
      };
    }),
    send: (event) =>
      new Observable((subscriber) => {
        const options = { deadline: Date.now() + 5_000 }; // the server hears of it too
        const done = (error: ServiceError | null, answer?: string): void => {
          if (error) {
            subscriber.error(error);
          } else {
            subscriber.next(answer);
            subscriber.complete();
          }
        };
        const call = client.makeUnaryRequest(ship.path, write, read, event, options, done);
        return () => {
          call.cancel();
        };
      }),
    classify: kindOf,
  };
};

/** What is used of the class in `@nestjs/microservices`, made by `ClientProxyFactory.create(…)`. */
export interface ClientProxy {
  readonly status: Observable<string>;
  connect(): Promise<unknown>;
  send(pattern: unknown, data: unknown): Observable<string>;
  close(): unknown;
}

export const nest = (name: string, newClient: () => ClientProxy): Connection<string, string> =>
  connection({
    name,
    open: async () => {
      const client = newClient();
      await client.connect();
      return client;
    },
    lost: (client) => client.status.pipe(filter((state) => state !== 'connected')),
    send: (client, event: string) => client.send('ship', event),
    close: (client) => client.close(),
    // A handler's RpcException arrives as the plain data that it was made of.
    classify: (error) => (error instanceof Error ? 'connection' : 'temporary'),
  });

const take: handleUnaryCall<string, string> = ({ request }, answer) => {
  answer(request === 'bad' ? { code: status.INVALID_ARGUMENT } : null, `took ${request}`);
};
const server = new Server();
server.addService({ ship }, { ship: take });
const bind = promisify(server.bindAsync.bind(server));
const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());

const toy: ClientProxy = {
  status: of('connected'),
  connect: () => Promise.resolve(),
  send: (_pattern, data) => of(`took ${String(data)}`),
  close: () => undefined,
};

for (const caller of [grpc('gRPC', `127.0.0.1:${port}`), nest('NestJS', () => toy)]) {
  await from(['a', 'bad'])
    .pipe(loadBalance([caller]))
    .forEach((outcome) => {
      const became = outcome.status === 'delivered' ? outcome.value : outcome.reason;
      console.log(`${caller.name}: ${became}`); // gRPC: took a, gRPC: rejected, NestJS: took a, NestJS: took bad
    });
}
server.forceShutdown();
