/** A peer that does not read: what it cannot take waits here, and is not piled up in the socket. */
import { expect } from 'chai';
import type { Socket } from 'node:net';
import { tcpConnection } from '../../../src/connections/tcp.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { ScriptedPeer } from './scriptedPeer.js';

/** Much more than the buffers of two sockets. */
const count = 1_000;
const text = 'x'.repeat(30_000);

describe('the back-pressure of a tcpConnection', () => {
  const keep = closedAfterEach();

  /** A peer that reads nothing before it is told to. */
  const lazyPeer = async (): Promise<ScriptedPeer> =>
    keep(
      await ScriptedPeer.start({
        greet: (socket) => {
          socket.pause();
          setImmediate(() => socket.pause());
        },
      }),
    );

  for (const unacknowledged of [false, true]) {
    it(`should write no more than the socket can hold${unacknowledged ? ', unacknowledged' : ''}`, async () => {
      const peer = await lazyPeer();
      let encoded = 0;
      const encode = (): string => {
        encoded++;
        return text;
      };
      const connection = unacknowledged
        ? tcpConnection<number>(peer.url, { encode, unacknowledged })
        : tcpConnection<number>(peer.url, { encode });
      const opened = await keep(new OpenConnection<number, unknown>(connection)).up();
      let delivered = 0;
      const all = Array.from({ length: count }, async (_, index) => {
        await opened.send(index);
        delivered++;
      });
      // As much as the buffers of the system take, which is less than all.
      let last = -1;
      await until('nothing more is written', async () => {
        const isStill = last === encoded && encoded > 0;
        last = encoded;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return isStill;
      });
      expect(encoded).to.be.below(count);
      if (unacknowledged) {
        expect(encoded - delivered).to.be.within(1, 6);
      } else {
        expect(delivered).to.equal(0);
      }
      peer.socket.resume();
      await Promise.all(all);
      await until('all have come', () => peer.frames.length === count);
      expect(encoded).to.equal(count);
    });
  }

  it('should not write what is cancelled while it waits', async () => {
    const peer = await lazyPeer();
    const opened = await keep(
      new OpenConnection(tcpConnection<string>(peer.url, { encode: (event) => event + text })),
    ).up();
    const sends = Array.from({ length: count }, (_, index) => opened.sending(`${index}:`).subscribe());
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const send of sends) {
      send.unsubscribe();
    }
    const last = opened.send('last:');
    peer.socket.resume();
    expect(await last).to.equal('ok');
    expect(peer.frames.length).to.be.below(count);
    expect(peer.frames.at(-1)).to.match(/^last:/);
  });

  it('should fail what waits when the peer leaves', async () => {
    const peer = await lazyPeer();
    const opened = await keep(
      new OpenConnection(tcpConnection<number>(peer.url, { encode: () => text, unacknowledged: true })),
    ).up();
    const all = Promise.allSettled(Array.from({ length: count }, async (_, index) => opened.send(index)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    (peer.socket as Socket & { resetAndDestroy(): void }).resetAndDestroy();
    const failed = (await all).filter(({ status }) => status === 'rejected');
    expect(failed.length).to.be.within(1, count - 1);
    await opened.lost();
  });
});
