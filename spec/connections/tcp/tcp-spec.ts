/** What a tcpConnection writes, in which order, and what it makes of the answers. */
import { expect } from 'chai';
import { from, lastValueFrom, merge, of, Subject, toArray } from 'rxjs';
import { tcpConnection, type TcpLineOptions } from '../../../src/connections/tcp.js';
import { RejectedError, TemporaryError } from '../../../src/index.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { inShort, Shipment } from '../shipment.js';
import { ScriptedPeer, type PeerOptions } from './scriptedPeer.js';

describe('tcpConnection', () => {
  const keep = closedAfterEach();

  const peerOf = async (options?: PeerOptions): Promise<ScriptedPeer> =>
    keep(await ScriptedPeer.start(options));

  const openTo = async <T, R>(
    { url }: ScriptedPeer,
    options: TcpLineOptions<T, R> & { readonly batch?: undefined } = {},
  ): Promise<OpenConnection<T, R>> => keep(new OpenConnection(tcpConnection<T, R>(url, options))).up();

  it('should deliver events as lines of JSON, and give the lines that came back', async () => {
    const peer = await peerOf({ answer: (line) => `got ${line}` });
    const connection = tcpConnection(peer.url);
    const shipment = keep(new Shipment<unknown, string>([{ a: 1 }, 'two', 3, null], [connection]));

    const outcomes = await shipment.ended();

    expect(connection.name).to.equal(peer.url);
    expect(peer.frames).to.deep.equal(['{"a":1}', '"two"', '3', 'null']);
    expect(outcomes.map((outcome) => 'value' in outcome && outcome.value)).to.deep.equal([
      'got {"a":1}',
      'got "two"',
      'got 3',
      'got null',
    ]);
  });

  it('should write and read the whole of Unicode, and lines that end in CR LF', async () => {
    const texts = ['ünïcödé', '\u{1f69a}', '', '\u2028\0', 'a\rb', 'a '.repeat(100_000)];
    const peer = await peerOf({ answer: (line) => `${line}\r` });
    const connection = await openTo<string, string>(peer, { encode: (text) => text });
    const values = await Promise.all(texts.map(async (text) => connection.send(text)));
    expect(values).to.deep.equal(texts);
    expect(peer.frames).to.deep.equal(texts);
  });

  it('should understand answers wherever they are cut', async () => {
    const answers = ['eins', '', 'zwö\u{1f69a}lf', 'x'.repeat(300)];
    const bytes = Buffer.from(answers.map((line) => `${line}\n`).join(''));
    for (let cut = 1; cut < 24; cut++) {
      let asked = 0;
      const peer = await peerOf({
        answer: async (_, socket) => {
          if (++asked === answers.length) {
            for (let at = 0; at < bytes.length; at += cut) {
              socket.write(bytes.subarray(at, at + cut));
              await new Promise(setImmediate);
            }
          }
          return undefined;
        },
      });
      const connection = await openTo<string, string>(peer);
      const values = await Promise.all(answers.map(async (answer) => connection.send(answer)));
      expect(values, `cut every ${cut} bytes`).to.deep.equal(answers);
      connection.close();
    }
  });

  it('should write bytes as they are, and reject an event with a newline in it', async () => {
    const peer = await peerOf();
    const connection = tcpConnection<string | Uint8Array>(peer.url, { encode: (event) => event });
    const events = ['a', Buffer.from('b'), 'c\nd', Buffer.from('e\nf'), Buffer.from('g'), 'h'];
    const outcomes = await keep(new Shipment<string | Uint8Array, string>(events, [connection])).ended();

    expect(peer.frames).to.deep.equal(['a', 'b', 'g', 'h']);
    const dropped = outcomes.filter(({ status }) => status === 'dropped');
    expect(dropped.map(inShort)).to.deep.equal(
      ['c\nd', 'e\nf'].map(
        (event) =>
          `${event}: rejected, RejectedError: cannot send an event with a newline in a line of its own: ` +
          "use `framing: 'length'`",
      ),
    );
  });

  it('should reject an event that cannot be encoded, and go on', async () => {
    const peer = await peerOf();
    const connection = tcpConnection(peer.url);
    const outcomes = await keep(new Shipment<unknown, string>([1, undefined, 1n, 2], [connection])).ended();
    expect(peer.frames).to.deep.equal(['1', '2']);
    expect(outcomes.filter(({ status }) => status === 'dropped').map(inShort)).to.deep.equal([
      'undefined: rejected, RejectedError: cannot encode: expected an event that JSON can write, got undefined',
      '1: rejected, RejectedError: cannot encode: Do not know how to serialize a BigInt',
    ]);
    expect(peer.sockets).to.have.length(1);
  });

  it('should ask `read` what an answer says', async () => {
    const peer = await peerOf({ answer: (line) => line.length.toString() });
    const connection = await openTo<string, string>(peer, {
      encode: (text) => text,
      read: (answer, event) => `${event} has ${answer}`,
    });
    expect(await connection.send('abc')).to.equal('abc has 3');
  });

  it('should reject, pause or break by what `read` throws', async () => {
    const peer = await peerOf({ answer: (line) => line });
    let isFirst = true;
    const connection = tcpConnection<string>(peer.url, {
      name: 'here',
      encode: (text) => text,
      window: 1,
      read: (answer) => {
        if (answer === 'bad') {
          throw new RejectedError('never');
        }
        if (isFirst && answer !== 'good') {
          isFirst = false;
          throw answer === 'later' ? new TemporaryError('later', { retryAfter: 1 }) : new Error('odd answer');
        }
        return answer;
      },
    });
    const rejected = await keep(new Shipment<string, string>(['bad', 'later'], [connection])).ended();
    expect(rejected.map(inShort)).to.deep.equal(['bad: rejected, RejectedError: never', 'later']);
    expect(peer.sockets).to.have.length(1);

    isFirst = true;
    const broken = keep(new Shipment<string, string>(['good', 'odd'], [connection]));
    expect((await broken.ended()).map(inShort)).to.deep.equal(['good', 'odd']);
    expect(peer.sockets).to.have.length(3);
    expect(
      broken.activities.flatMap((activity) => ('error' in activity ? [String(activity.error)] : [])),
    ).to.include('Error: here: odd answer');
  });

  it('should keep the order of many sends in flight, within its window', async () => {
    let inFlight = 0;
    let most = 0;
    const peer = await peerOf({
      answer: async (line) => {
        await new Promise(setImmediate);
        inFlight--;
        return line;
      },
    });
    const connection = tcpConnection<number, number>(peer.url, {
      window: 7,
      encode: (event) => {
        most = Math.max(most, ++inFlight);
        return String(event);
      },
      read: Number,
    });
    const events = Array.from({ length: 500 }, (_, index) => index);
    const outcomes = await keep(new Shipment<number, number>(events, [connection])).ended();
    expect(outcomes.map((outcome) => 'value' in outcome && outcome.value)).to.deep.equal(events);
    expect(peer.frames.map(Number)).to.deep.equal(events);
    expect(most).to.equal(7);
  });

  it('should have a window of 64, or the one that is given', () => {
    const window$ = of(2);
    expect(tcpConnection('tcp://host:1').window).to.equal(64);
    expect(tcpConnection('tcp://host:1', { window: 3 }).window).to.equal(3);
    expect(tcpConnection('tcp://host:1', { window: window$ }).window).to.equal(window$);
  });

  it('should have the name and the `classify` that it is given', () => {
    const classify = (): 'temporary' => 'temporary';
    const connection = tcpConnection('tcp://host:1', { name: 'collector', classify });
    expect(connection.name).to.equal('collector');
    expect(connection.classify).to.equal(classify);
    expect(tcpConnection('tcp://host:1')).to.not.have.property('classify');
    expect(tcpConnection('tls://[::1]:99/').name).to.equal('tls://[::1]:99');
  });

  it('should write what is sent in one turn in one go', async () => {
    const peer = await peerOf();
    const connection = await openTo<number, string>(peer);
    const all = Array.from({ length: 50 }, async (_, index) => {
      // Some of them a few microtasks later.
      for (let wait = index % 5; wait > 0; wait--) {
        await Promise.resolve();
      }
      return connection.send(index);
    });
    await Promise.all(all);
    expect(peer.chunks).to.have.length(1);
    expect(peer.frames).to.have.length(50);
  });

  it('should write what follows from the answers of one chunk in one go', async () => {
    const events = Array.from({ length: 40 }, (_, index) => index);
    let asked = 0;
    const peer = await peerOf({
      answer: (_, socket) => {
        // Ten answers at a time, in one chunk.
        if (++asked % 10 === 0) {
          socket.write('ok\n'.repeat(10));
        }
        return undefined;
      },
    });
    await keep(new Shipment(events, [tcpConnection<number>(peer.url, { window: 10 })])).ended();
    expect(peer.frames).to.have.length(40);
    expect(peer.chunks).to.have.length(4);
  });

  it('should not write a send that is cancelled in the same turn', async () => {
    const peer = await peerOf({ answer: (line) => line });
    const connection = await openTo<string, string>(peer);
    const cancelled = connection.sending('a').subscribe();
    const kept = connection.send('b');
    cancelled.unsubscribe();
    expect(await kept).to.equal('"b"');
    expect(peer.frames).to.deep.equal(['"b"']);
  });

  it('should keep the place of a send that is cancelled later, and ignore its answer', async () => {
    const open = new Subject<void>();
    const opened = lastValueFrom(open, { defaultValue: undefined });
    const peer = await peerOf({
      answer: async (line) => {
        await opened;
        return line;
      },
    });
    const values: string[] = [];
    const read: unknown[] = [];
    const connection = await openTo<string, string>(peer, {
      read: (answer, event) => {
        read.push(event);
        return answer;
      },
    });
    const [first, second, third] = ['a', 'b', 'c'].map((event) =>
      connection.sending(event).subscribe((value) => values.push(value)),
    );
    await until('all have come', () => peer.frames.length === 3);
    second?.unsubscribe();
    const fourth = connection.send('d');
    open.complete();
    expect(await fourth).to.equal('"d"');
    expect(values).to.deep.equal(['"a"', '"c"']);
    expect(read).to.deep.equal(['a', 'c', 'd']);
    expect([first?.closed, third?.closed]).to.deep.equal([true, true]);
  });

  it('should send again each time a send is subscribed', async () => {
    const peer = await peerOf({ answer: (line) => line });
    const connection = tcpConnection<number>(peer.url);
    await keep(new OpenConnection(connection)).up();
    const send$ = from(connection.send(1, { attempt: 1, signal: new AbortController().signal }));
    const values$ = merge(send$, send$).pipe(toArray());
    expect(await lastValueFrom(values$, { defaultValue: [] })).to.deep.equal(['1', '1']);
  });

  it('should serve several lives, one after the other', async () => {
    const peer = await peerOf();
    const connection = tcpConnection(peer.url);
    for (let life = 1; life <= 3; life++) {
      const opened = await keep(new OpenConnection(connection)).up();
      await opened.send(life);
      opened.close();
      await until('its socket is closed', () => peer.openSockets === 0);
      expect(peer.sockets).to.have.length(life);
    }
  });
});

describe('tcpConnection with `framing: "length"`', () => {
  const keep = closedAfterEach();

  it('should deliver any text and any bytes, and give the text that came back', async () => {
    const texts = ['', 'a\nb\r\n', 'ünïcödé \u{1f69a}', '\0', 'x'.repeat(200_000)];
    const events = [...texts, ...texts.map((text) => Buffer.from(text))];
    const peer = keep(await ScriptedPeer.start({ framing: 'length', answer: (frame) => frame }));
    const connection = tcpConnection<string | Uint8Array>(peer.url, {
      framing: 'length',
      encode: (event) => event,
    });
    const outcomes = await keep(new Shipment<string | Uint8Array, string>(events, [connection])).ended();
    expect(peer.frames).to.deep.equal([...texts, ...texts]);
    expect(outcomes.map((outcome) => 'value' in outcome && outcome.value)).to.deep.equal([
      ...texts,
      ...texts,
    ]);
  });

  it('should give `read` the bytes', async () => {
    const peer = keep(
      await ScriptedPeer.start({ framing: 'length', answer: (frame) => Buffer.from([255, Number(frame)]) }),
    );
    const connection = tcpConnection(peer.url, {
      framing: 'length',
      read: (answer, event: number) => [event, ...answer],
    });
    const opened = await keep(new OpenConnection(connection)).up();
    const values = await Promise.all([1, 2].map(async (event) => opened.send(event)));
    expect(values).to.deep.equal([
      [1, 255, 1],
      [2, 255, 2],
    ]);
  });

  it('should understand answers wherever they are cut', async () => {
    const answers = ['one', '', '\n', 'x'.repeat(300)];
    for (let cut = 1; cut < 16; cut++) {
      let asked = 0;
      const peer = keep(
        await ScriptedPeer.start({
          framing: 'length',
          answer: async (_, socket) => {
            if (++asked === answers.length) {
              const bytes = Buffer.concat(
                answers.map((text) =>
                  Buffer.concat([
                    Buffer.from([0, 0, text.length >> 8, text.length & 255]),
                    Buffer.from(text),
                  ]),
                ),
              );
              for (let at = 0; at < bytes.length; at += cut) {
                socket.write(bytes.subarray(at, at + cut));
                await new Promise(setImmediate);
              }
            }
            return undefined;
          },
        }),
      );
      const connection = await keep(new OpenConnection(tcpConnection(peer.url, { framing: 'length' }))).up();
      const values = await Promise.all(answers.map(async (answer) => connection.send(answer)));
      expect(values, `cut every ${cut} bytes`).to.deep.equal(answers);
      connection.close();
    }
  });

  it('should reject an event that is too long for its length', async () => {
    const peer = keep(await ScriptedPeer.start({ framing: 'length' }));
    /** There is no need to have so much memory to say so. */
    class Endless extends Uint8Array {
      override get byteLength(): number {
        return 2 ** 32;
      }
    }
    const connection = tcpConnection<number>(peer.url, { framing: 'length', encode: () => new Endless(1) });
    const outcomes = await keep(new Shipment<number, string>([1], [connection])).ended();
    expect(outcomes.map(inShort)).to.deep.equal([
      '1: rejected, RejectedError: cannot send an event of 4294967296 bytes: a frame has 4294967295 at most',
    ]);
  });
});
