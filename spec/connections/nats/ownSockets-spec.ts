/** Which sockets are destroyed with the work that has opened them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { withOwnSockets } from '../../../src/connections/nats/ownSockets.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { ScriptedNats } from './scriptedNats.js';

describe('withOwnSockets', () => {
  const keep = closedAfterEach();

  const portOf = async (): Promise<number> =>
    Number(new URL(keep(await ScriptedNats.start({ greeting: 'IN' })).url).port);

  /** Opens a socket some turns later; gives when it is closed. */
  const useSocket = async (port: number, opened?: (socket: Socket) => void): Promise<string> => {
    await turn();
    await turn();
    const socket = connect(port, '127.0.0.1');
    opened?.(socket);
    await once(socket, 'close');
    return 'closed';
  };

  it('should give what the work gives, and throw what it throws', async () => {
    const { signal } = new AbortController();
    expect(await withOwnSockets(signal, () => Promise.resolve(7))).to.equal(7);
    const failed = withOwnSockets(signal, () => Promise.reject(new Error('no'))).catch(String);
    expect(await failed).to.equal('Error: no');
  });

  it('should destroy the sockets of the work, and no others', async () => {
    const port = await portOf();
    const aborter = new AbortController();
    const others: Socket[] = [];
    const own: Socket[] = [];
    const work = withOwnSockets(aborter.signal, () => useSocket(port, (socket) => own.push(socket)));
    const other = useSocket(port, (socket) => others.push(socket));
    await until(
      'both are open',
      () => [...own, ...others].filter(({ readyState }) => readyState === 'open').length === 2,
    );
    aborter.abort();
    expect(await work).to.equal('closed');
    await turn();
    expect(others[0]?.destroyed).to.be.false;
    others[0]?.destroy();
    await other;
  });

  it('should destroy a socket that is opened when it is too late', async () => {
    const port = await portOf();
    const aborter = new AbortController();
    aborter.abort();
    expect(await withOwnSockets(aborter.signal, () => useSocket(port))).to.equal('closed');
  });

  it('should leave a socket alone when the work is done', async () => {
    const port = await portOf();
    const aborter = new AbortController();
    const socket = await withOwnSockets(aborter.signal, async () => {
      const opened = connect(port, '127.0.0.1');
      await once(opened, 'connect');
      return opened;
    });
    aborter.abort();
    await turn();
    await turn();
    expect(socket.destroyed).to.be.false;
    socket.destroy();
  });
});
