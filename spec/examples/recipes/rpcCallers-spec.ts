/** The recipe for RPC callers: statuses, outages and cancelling, for gRPC over real sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import { expect } from 'chai';
import { BehaviorSubject, NEVER, of, throwError, type Observable } from 'rxjs';
import type * as recipe from '../../../examples/recipes/rpcCallers.js';
import { OpenConnection } from '../../connections/openConnection.js';
import { until } from '../../until.js';
import { quietly } from './quietly.js';
import { shipped, wordsFor } from './shipped.js';

describe('the recipe for RPC callers', () => {
  let grpc: typeof recipe.grpc;
  let nest: typeof recipe.nest;

  before(async () => {
    ({ grpc, nest } = await quietly(() => import('../../../examples/recipes/rpcCallers.js')));
  });

  describe('gRPC', () => {
    const running = new Set<Server>();

    afterEach(() => {
      for (const server of running) {
        server.forceShutdown();
      }
      running.clear();
    });

    /** A server that answers calls. */
    async function serve(ship: handleUnaryCall<string, string>, port = 0) {
      const text = (bytes: Buffer): string => bytes.toString();
      const bytes = (words: string): Buffer => Buffer.from(words);
      const server = new Server();
      server.addService(
        {
          ship: {
            path: '/Collector/Ship',
            requestStream: false,
            responseStream: false,
            requestSerialize: bytes,
            requestDeserialize: text,
            responseSerialize: bytes,
            responseDeserialize: text,
          },
        },
        { ship },
      );
      running.add(server);
      const bind = promisify(server.bindAsync.bind(server));
      const bound = await bind(`127.0.0.1:${port}`, ServerCredentials.createInsecure());
      return { server, port: bound, address: `127.0.0.1:${bound}` };
    }

    const echo: handleUnaryCall<string, string> = ({ request }, answer) => {
      answer(null, request);
    };

    for (const [name, kind] of [
      ['INVALID_ARGUMENT', 'rejected'],
      ['FAILED_PRECONDITION', 'rejected'],
      ['OUT_OF_RANGE', 'rejected'],
      ['RESOURCE_EXHAUSTED', 'temporary'],
      ['ABORTED', 'temporary'],
      ['UNAVAILABLE', 'connection'],
      ['DEADLINE_EXCEEDED', 'connection'],
      ['UNAUTHENTICATED', 'connection'],
      ['INTERNAL', 'connection'],
    ] as const) {
      it(`should understand ${name}: ${kind}`, async () => {
        const { address } = await serve((_call, answer) => {
          answer({ code: status[name] });
        });
        const connection = grpc('one', address);
        const open = await new OpenConnection(connection).up();
        const error = await open.refused('a');
        expect(connection.classify?.(error, 'a')).to.equal(kind);
        open.close();
      });
    }

    it('should fail at once when nobody is there', async () => {
      const { server, address } = await serve(echo);
      server.forceShutdown();
      const open = new OpenConnection(grpc('one', address));
      expect((await open.lost()).message).to.include(address);
      expect(open.states).to.deep.equal([]);
      open.close();
    });

    it('should fail when the server goes, without traffic, and deliver the rest when it is back', async () => {
      const first = await serve(echo);
      const connection = grpc('one', first.address);
      const open = await new OpenConnection(connection).up();
      first.server.forceShutdown();
      await open.lost();
      open.close();

      const outcomes = shipped(['a', 'b'], [connection], { reconnectDelay: 20 });
      await serve(echo, first.port);
      expect(wordsFor(await outcomes)).to.deep.equal(['a delivered', 'b delivered']);
    });

    it('should let a call end while its server replaces its sockets', async () => {
      const calls: (() => void)[] = [];
      const { server, port, address } = await serve(({ request }, answer) => {
        calls.push(() => {
          answer(null, request);
        });
      });
      const outcomes = shipped(['a'], [grpc('one', address)]);
      await until('a call', () => calls.length === 1);
      server.drain(`127.0.0.1:${port}`, 20_000);
      await sleep(50); // it has been told
      calls[0]?.();
      expect((await outcomes)[0]).to.include({ status: 'delivered', value: 'a', attempts: 1 });
    });

    it('should cancel the call', async () => {
      const told: string[] = [];
      const { address } = await serve((call) => {
        told.push('called');
        call.on('cancelled', () => told.push('cancelled'));
      });
      const open = await new OpenConnection(grpc('one', address)).up();
      const sending = open.sending('a').subscribe();
      await until('a call', () => told.length === 1);
      sending.unsubscribe();
      await until('its end', () => told.length === 2, 3_000); // before the deadline would end it
      expect(told).to.deep.equal(['called', 'cancelled']);
      expect(open.failed).to.equal(false);
      open.close();
    });

    it('should tell the server how long it has', async () => {
      const deadlines: unknown[] = [];
      const { address } = await serve((call, answer) => {
        deadlines.push(call.getDeadline());
        answer(null, call.request);
      });
      await shipped(['a'], [grpc('one', address)]);
      expect(deadlines).to.have.length(1);
      expect(Number(deadlines[0])).to.be.within(Date.now() - 60_000, Date.now() + 6_000);
    });
  });

  describe('a NestJS ClientProxy', () => {
    class Proxy implements recipe.ClientProxy {
      readonly #status = new BehaviorSubject('disconnected');
      readonly status = this.#status.asObservable();
      connected = false;
      closed = 0;

      constructor(readonly send: (pattern: unknown, data: unknown) => Observable<string>) {}

      connect(): Promise<void> {
        this.connected = true;
        this.#status.next('connected');
        return Promise.resolve();
      }

      disconnect(): void {
        this.#status.next('disconnected');
      }

      close(): void {
        this.closed++;
        this.disconnect();
      }
    }

    it('should send with a pattern, and close the client', async () => {
      const proxy = new Proxy((pattern, data) => of(`${String(pattern)} ${String(data)}`));
      const [outcome] = await shipped(['a'], [nest('one', () => proxy)]);
      expect(outcome).to.include({ status: 'delivered', value: 'ship a' });
      expect(proxy.closed).to.equal(1);
    });

    it('should break when the client is disconnected', async () => {
      const proxies: Proxy[] = [];
      const outcomes = shipped(
        ['a'],
        [
          nest('one', () => {
            const proxy = new Proxy(() => (proxies.length === 1 ? NEVER : of('done')));
            proxies.push(proxy);
            return proxy;
          }),
        ],
        { reconnectDelay: 1 },
      );
      await until('it to be up', () => proxies[0]?.connected === true);
      proxies[0]?.disconnect();
      expect((await outcomes)[0]).to.include({ status: 'delivered', attempts: 2 });
      expect(proxies.map(({ closed }) => closed)).to.deep.equal([1, 1]);
    });

    it('should tell what a handler threw from what broke on the way', () => {
      const { classify } = nest('one', () => new Proxy(() => throwError(() => new Error('not used'))));
      expect(classify?.({ status: 'error', message: 'Internal server error' }, 'a')).to.equal('temporary');
      expect(classify?.(new Error('Connection closed'), 'a')).to.equal('connection');
    });
  });
});
