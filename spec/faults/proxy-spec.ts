/** The proxy: what it is told to do is what a client sees. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  endInsteadOfAnswer,
  garbage,
  late,
  refusing,
  resetInAnswer,
  resetInRequest,
  sick,
  silence,
  trickle,
  truncated,
} from './conducts.js';
import { FaultProxy } from './proxy.js';
import { until } from '../until.js';

const body = 'twelve bytes';

describe('fault proxy', () => {
  /** Bodies that the collector got whole, and how many it has got in part. */
  let got: string[];
  let cut: number;
  let collector: Server;
  let proxy: FaultProxy;

  beforeEach(async () => {
    got = [];
    cut = 0;
    collector = createServer((request, response) => {
      text(request).then(
        (whole) => {
          got.push(whole);
          response.setHeader('content-type', 'text/plain').end('0123456789');
        },
        () => cut++,
      );
    });
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    proxy = await FaultProxy.start(() => `http://127.0.0.1:${port}`);
  });

  afterEach(() => {
    proxy.close();
    collector.close();
    collector.closeAllConnections();
  });

  const open = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };

  /** What came back over a socket, and how it was closed. */
  interface Seen {
    said: string;
    end: string;
  }

  const isClosed = ({ end }: Seen): boolean => end !== 'open';

  const endsWith =
    (last: string) =>
    ({ said }: Seen): boolean =>
      said.endsWith(last);

  /** Posts over a socket, and tells what was seen by then; where nothing is to come, after a while. */
  const posted = async (socket?: Socket, done?: (seen: Seen) => boolean): Promise<Seen> => {
    const through = socket ?? (await open());
    const seen: Seen = { said: '', end: 'open' };
    through.setEncoding('latin1').on('data', (some: string) => (seen.said += some));
    through.on('end', () => (seen.end = 'ended'));
    through.on('error', (error: NodeJS.ErrnoException) => (seen.end = error.code ?? 'failed'));
    through.write(`POST /lines HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await (done === undefined ? sleep(300) : until('what is to be seen', () => done(seen)));
    through.destroy();
    return { ...seen };
  };

  const answered = (socket?: Socket): Promise<Seen> => posted(socket, endsWith('0123456789'));

  it('should pass requests and answers on', async () => {
    const { said, end } = await answered();
    expect(said).to.match(/^HTTP\/1.1 200 OK\r\ncontent-type: text\/plain\r\n[^]*\r\n\r\n0123456789$/);
    expect(end).to.equal('open');
    expect(got).to.deep.equal([body]);
  });

  it('should refuse, and reset what is open; and listen again on the same port', async () => {
    const { url } = proxy;
    const socket = await open();
    const failure = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    await sleep(20);
    proxy.refuse();
    expect((await failure)[0].code).to.equal('ECONNRESET');
    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).to.include({ code: 'ECONNREFUSED' });
    await proxy.listen();
    expect(proxy.url).to.equal(url);
    expect((await answered()).said).to.match(/^HTTP\/1.1 200/);
  });

  it('should answer no more over sockets that are frozen, and over new ones', async () => {
    const socket = await open();
    await sleep(20);
    proxy.freeze();
    expect(await posted(socket)).to.deep.equal({ said: '', end: 'open' });
    expect((await answered()).said).to.match(/^HTTP\/1.1 200/);
    expect(got).to.deep.equal([body]);
  });

  it('should be silent', async () => {
    proxy.conduct = silence;
    expect(await posted()).to.deep.equal({ said: '', end: 'open' });
    expect(got).to.deep.equal([]);
  });

  it('should pass answers on late', async () => {
    proxy.conduct = late(200);
    const begun = performance.now();
    expect((await answered()).said).to.match(/^HTTP\/1.1 200/);
    expect(performance.now() - begun).to.be.at.least(190);
    expect(got).to.deep.equal([body]);
  });

  it('should reset in the middle of a request', async () => {
    proxy.conduct = resetInRequest;
    expect(await posted(undefined, isClosed)).to.deep.equal({ said: '', end: 'ECONNRESET' });
    expect(got).to.deep.equal([]);
    while (cut === 0) {
      await sleep(5);
    }
  });

  it('should reset in the middle of an answer', async () => {
    proxy.conduct = resetInAnswer;
    const { said, end } = await posted(undefined, isClosed);
    expect('HTTP/1.1 200 OK\r\nconte').to.contain(said);
    expect(end).to.equal('ECONNRESET');
    expect(got).to.deep.equal([body]);
  });

  it('should end the socket instead of answering', async () => {
    proxy.conduct = endInsteadOfAnswer;
    expect(await posted(undefined, isClosed)).to.deep.equal({ said: '', end: 'ended' });
    expect(got).to.deep.equal([body]);
  });

  it('should answer a byte a second', async () => {
    proxy.conduct = trickle;
    const begun = performance.now();
    const { said } = await posted(undefined, ({ said }) => said.length >= 2);
    expect('HTTP/1.1').to.match(new RegExp(`^${said}`));
    expect(performance.now() - begun).to.be.at.least(990 * (said.length - 1));
    expect(got).to.deep.equal([body]);
  });

  it('should answer with a status', async () => {
    proxy.conduct = refusing(429, { 'retry-after': '1' });
    expect((await posted(undefined, endsWith('\r\n\r\n'))).said).to.match(
      /^HTTP\/1.1 429 Too Many Requests\r\nretry-after: 1\r\n/,
    );
    expect(got).to.deep.equal([]);
  });

  it('should be slow, and say so when asked', async () => {
    proxy.conduct = sick;
    const begun = performance.now();
    expect((await answered()).said).to.match(/^HTTP\/1.1 200/);
    expect(performance.now() - begun).to.be.at.least(290);
    expect((await fetch(`${proxy.url}/health`)).status).to.equal(503);
    expect(got).to.deep.equal([body]);
  });

  it('should answer with garbage', async () => {
    proxy.conduct = garbage;
    const { said, end } = await posted(undefined, isClosed);
    expect(said).to.contain('ESMTP').and.not.to.contain('HTTP/1.1');
    expect(end).to.equal('ended');
    expect(got).to.deep.equal([]);
  });

  it('should cut off half of the body', async () => {
    proxy.conduct = truncated;
    expect((await posted(undefined, endsWith('\r\n\r\n01234'))).said).to.match(/\r\n\r\n01234$/);
  });

  it('should reset when the collector is gone', async () => {
    collector.close();
    collector.closeAllConnections();
    expect(await posted(undefined, isClosed)).to.deep.equal({ said: '', end: 'ECONNRESET' });
  });
});
