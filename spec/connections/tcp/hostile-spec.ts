/** Peers that do what they should not: nothing but this connection may suffer, and the error says what it was. */
import { expect } from 'chai';
import type { Socket } from 'node:net';
import { tcpConnection, type TcpLineOptions } from '../../../src/connections/tcp.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { writeForEver } from '../rawServer.js';
import { inShort, Shipment } from '../shipment.js';
import { ScriptedPeer, withLength, type PeerOptions } from './scriptedPeer.js';

describe('tcpConnection to a hostile peer', () => {
  const keep = closedAfterEach();

  const openTo = async (
    options: PeerOptions,
    more: TcpLineOptions<string, string> & { readonly batch?: undefined } = {},
  ): Promise<{ peer: ScriptedPeer; connection: OpenConnection<string, string> }> => {
    const peer = keep(await ScriptedPeer.start(options));
    const connection = keep(new OpenConnection(tcpConnection<string>(peer.url, { name: 'it', ...more })));
    return { peer, connection };
  };

  it('should break on an answer that nobody asked for', async () => {
    const { connection } = await openTo({ greet: (socket) => socket.write('220 welcome\n') });
    expect((await connection.lost()).message).to.equal('it: the peer has answered what nobody has sent');
  });

  it('should break on a second answer, once it has delivered the first', async () => {
    const { connection } = await openTo({ answer: () => 'one\ntwo' });
    await connection.up();
    expect(await connection.send('a')).to.equal('one');
    expect((await connection.lost()).message).to.equal('it: the peer has answered what nobody has sent');
  });

  it('should deliver what is answered in the same chunk before it breaks', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: () => undefined }));
    const connection = await keep(
      new OpenConnection(tcpConnection<string>(peer.url, { batch: { size: 9 } })),
    ).up();
    const told: unknown[] = [];
    connection.sendingAll(['a', 'b']).subscribe((results) => told.push(...results));
    await until('both have come', () => peer.frames.length === 2);
    peer.socket.write('1\n2\n3\n');
    await connection.lost();
    expect(told).to.have.length(2);
  });

  for (const [what, more] of [
    ['a second answer', 'two'],
    ['a line that is too long', 'x'.repeat(11)],
  ] as const) {
    it(`should write nothing more into a connection that it breaks because of ${what}`, async () => {
      const peer: ScriptedPeer = keep(
        await ScriptedPeer.start({ answer: (line) => (line === '"a"' ? `one\n${more}` : 'ok') }),
      );
      const connection = tcpConnection<string>(peer.url, { window: 1, maxAnswerSize: 10 });
      const outcomes = await keep(new Shipment(['a', 'b', 'c'], [connection])).ended();
      expect(outcomes.map(inShort)).to.have.members(['a', 'b', 'c']);
      expect([...peer.frames].sort()).to.deep.equal(['"a"', '"b"', '"c"']);
    });
  }

  it('should break on a line that is too long, however it comes, and deliver what came before', async () => {
    for (const hostile of ['x'.repeat(11) + '\n', 'x'.repeat(11), 'ü'.repeat(6) + '\n']) {
      for (const isCut of [false, true]) {
        const { connection } = await openTo(
          {
            answer: async (line, socket) => {
              if (line === '"a"') {
                return undefined;
              }
              const said = Buffer.from(`${'x'.repeat(10)}\n${hostile}`);
              for (let at = 0; at < said.length; at += isCut ? 1 : said.length) {
                socket.write(said.subarray(at, isCut ? at + 1 : undefined));
                await new Promise(setImmediate);
              }
              return undefined;
            },
          },
          { maxAnswerSize: 10 },
        );
        await connection.up();
        const [first, second] = [connection.send('a'), connection.refused('b')];
        expect(await first).to.equal('x'.repeat(10));
        expect((await second).message).to.equal('it: expected an answer of at most 10 bytes');
        expect((await connection.lost()).message).to.equal('it: expected an answer of at most 10 bytes');
      }
    }
  });

  it('should take lines that together are longer than one may be', async () => {
    const { connection } = await openTo({ answer: () => 'x'.repeat(10) }, { maxAnswerSize: 10 });
    await connection.up();
    const values = await Promise.all(['a', 'b', 'c'].map(async (event) => connection.send(event)));
    expect(values).to.deep.equal(Array(3).fill('x'.repeat(10)));
  });

  it('should break on a length that is too long, and not wait for it', async () => {
    const peer = keep(
      await ScriptedPeer.start({
        framing: 'length',
        answer: (line, socket) => {
          if (line === '"b"') {
            socket.write(Buffer.concat([withLength('x'.repeat(10)), Buffer.from([0xff, 0xff, 0xff, 0xff])]));
          }
          return undefined;
        },
      }),
    );
    const connection = await keep(
      new OpenConnection(
        tcpConnection<string>(peer.url, { name: 'it', framing: 'length', maxAnswerSize: 10 }),
      ),
    ).up();
    const [first, second] = [connection.send('a'), connection.refused('b')];
    expect(await first).to.equal('x'.repeat(10));
    expect((await second).message).to.equal('it: expected an answer of at most 10 bytes');
  });

  it('should not be flooded', async () => {
    for (const flood of ['x'.repeat(10_000), 'x\n'.repeat(1_000)]) {
      const { peer, connection } = await openTo({
        greet: (socket) => {
          writeForEver(socket, flood);
        },
      });
      await connection.lost();
      await until('its socket is closed', () => peer.openSockets === 0);
    }
  });

  it('should fail when the peer leaves in the middle of an answer', async () => {
    const { connection } = await openTo({
      answer: (_, socket) => {
        socket.end('half of an ans');
        return undefined;
      },
    });
    await connection.up();
    expect((await connection.refused('a')).message).to.equal(
      'it: closed by the peer with 1 event unanswered',
    );
  });

  it('should fail when the peer leaves at once, each time, and go on trying', async () => {
    const peer = keep(
      await ScriptedPeer.start({
        greet: (socket) => {
          socket.destroy();
        },
      }),
    );
    const shipment = keep(new Shipment(['a'], [tcpConnection<string>(peer.url)], { maxAttempts: Infinity }));
    await until('some tries', () => peer.sockets.length >= 4);
    const errors = shipment.activities.flatMap((activity) =>
      activity.type === 'state' && activity.state === 'backoff' ? [String(activity.error)] : [],
    );
    expect(errors.length).to.be.at.least(3);
    for (const error of errors) {
      expect(error).to.match(/closed by the peer|ECONNRESET|EPIPE/);
    }
  });

  it('should show little of what the peer wrote', async () => {
    const { connection } = await openTo(
      { answer: () => `\u001b[31m${'x'.repeat(5_000)}` },
      {
        read: (answer) => {
          throw new Error(answer);
        },
      },
    );
    await connection.up();
    const { message } = await connection.refused('a');
    expect(message).to.match(/^it: \[31mx+$/);
    expect(message.length).to.be.below(250);
  });

  it('should give a peer that answers nothing up with the timeout of the send', async () => {
    const answer = (line: string, socket: Socket): string | undefined =>
      socket === peer.sockets[0] ? undefined : line;
    const peer: ScriptedPeer = keep(await ScriptedPeer.start({ answer }));
    const connection = tcpConnection<string>(peer.url);
    const options = { timeout: { send: 500 }, guaranteed: true };
    const shipment = keep(new Shipment(['a', 'b'], [connection], options));
    expect((await shipment.ended()).map(inShort)).to.have.members(['a', 'b']);
    expect(peer.sockets.length).to.be.at.least(2);
  });
});
