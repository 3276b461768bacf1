/** natsConnection to a stream: what its acknowledgement and each of its errors mean. */
import { expect } from 'chai';
import {
  JetStreamPublishError,
  natsConnection,
  type NatsJetStreamOptions,
} from '../../../src/connections/nats.js';
import { RejectedError, TemporaryError } from '../../../src/index.js';
import { expectNothingUnhandled } from '../../badInput/unhandled.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { ScriptedNats, type Published } from './scriptedNats.js';

describe('natsConnection, a stream', () => {
  const keep = closedAfterEach();
  expectNothingUnhandled();

  const openTo = async (
    published: (message: Published) => void,
    options: Partial<Omit<NatsJetStreamOptions<string>, 'batch'>> = {},
    user = '',
  ) => {
    const server = keep(await ScriptedNats.start({ published }));
    const url = server.url.replace('//', `//${user}`);
    const connection = natsConnection<string>(url, {
      subject: 'a.b',
      jetStream: true,
      ...options,
    });
    return { server, open: await keep(new OpenConnection(connection)).up() };
  };

  /** Answers every message with this. */
  const saying =
    (answer: unknown) =>
    ({ respond }: Published): void => {
      respond(typeof answer === 'string' ? answer : JSON.stringify(answer));
    };

  it('should deliver what the stream has stored, and say where', async () => {
    const { open } = await openTo(saying({ stream: 'EVENTS', seq: 7, domain: 'x' }));
    expect(await open.send('one')).to.deep.equal({ stream: 'EVENTS', seq: 7, duplicate: false });
  });

  it('should deliver what the stream had already', async () => {
    const { open } = await openTo(saying({ stream: 'EVENTS', seq: 7, duplicate: true }));
    expect(await open.send('one')).to.deep.equal({ stream: 'EVENTS', seq: 7, duplicate: true });
  });

  it('should send an id and the stream that must take it, beside other headers', async () => {
    const { server, open } = await openTo(saying({ stream: 'EVENTS', seq: 1 }), {
      headers: () => ({ Own: 'x' }),
      jetStream: { messageId: (event) => `id-${event}`, expectStream: 'EVENTS' },
    });
    await open.send('one');
    await open.send('one');
    expect(server.messages.map(({ headers }) => headers)).to.deep.equal(
      Array(2).fill('NATS/1.0\r\nOwn: x\r\nNats-Msg-Id: id-one\r\nNats-Expected-Stream: EVENTS\r\n\r\n'),
    );
  });

  it('should reject an event whose id is none', async () => {
    for (const id of ['', undefined] as string[]) {
      const { server, open } = await openTo(saying({ stream: 'EVENTS', seq: 1 }), {
        jetStream: { messageId: () => id },
      });
      const error = await open.refused('one');
      expect(error).to.be.instanceOf(RejectedError);
      expect(error.message).to.match(/expected `id of an event` to be a string that is not empty/);
      expect(server.messages).to.deep.equal([]);
    }
  });

  it('should send no headers where there are none', async () => {
    const { server, open } = await openTo(saying({ stream: 'EVENTS', seq: 1 }), { jetStream: {} });
    await open.send('one');
    expect(server.messages[0]?.headers).to.equal('');
  });

  it('should break when no stream takes the subject', async () => {
    const { server, open } = await openTo(({ respond }) => {
      respond('', '503');
    });
    const error = await open.refused('one');
    expect(error).to.not.be.instanceOf(TemporaryError);
    expect(error.message).to.equal(`${server.url}: no stream takes a.b`);
  });

  for (const [code, err_code, description, meaning] of [
    [503, 10_077, 'maximum messages exceeded', TemporaryError],
    [503, 10_023, 'insufficient resources', TemporaryError],
    [500, 10_047, 'insufficient storage resources available', TemporaryError],
    [200, 1, 'an odd error', TemporaryError],
    [400, 10_054, 'message size exceeds maximum allowed', RejectedError],
    [400, 10_002, 'resource limits exceeded for account', TemporaryError],
    [409, 10_158, 'duplicate message id is in process', TemporaryError],
    [429, 10_167, 'too many requests', TemporaryError],
    [429, 1, 'an odd error', TemporaryError],
    [400, 10_071, 'wrong last sequence: 7', RejectedError],
    [503, 10_039, 'JetStream not enabled for account', undefined],
    [503, 10_076, 'JetStream not enabled', undefined],
    [400, 10_060, 'expected stream does not match', undefined],
    [400, 10_109, 'invalid operation on sealed stream', undefined],
    [400, 10_120, 'no JetStream default or applicable tiered limit present', undefined],
  ] as const) {
    const kind = meaning === undefined ? 'a connection that is broken' : `a ${meaning.name}`;
    it(`should take ${code} (${err_code}) for ${kind}`, async () => {
      const { server, open } = await openTo(
        saying({ error: { code, err_code, description }, stream: '', seq: 0 }),
      );
      const error = await open.refused('one');
      expect(error.message).to.equal(`${server.url}: JetStream answered ${err_code} ${description}`);
      expect(error instanceof TemporaryError).to.equal(meaning === TemporaryError);
      expect(error instanceof RejectedError).to.equal(meaning === RejectedError);
      expect(error.cause)
        .to.be.instanceOf(JetStreamPublishError)
        .and.include({ code: err_code, status: code });
    });
  }

  it('should show what an error says in one line, and no secret', async () => {
    for (const [description, shown] of [
      ['hunter2 is\r\nyour password', '… is your password'],
      ['two\r\nlines', 'two lines'],
    ] as const) {
      const error = { code: 500, err_code: 1, description };
      const { server, open } = await openTo(saying({ error }), {}, 'me:hunter2@');
      expect((await open.refused('one')).message).to.equal(`${server.url}: JetStream answered 1 ${shown}`);
    }
  });

  it('should break when what comes back is no acknowledgement', async () => {
    for (const answer of [
      '',
      'OK',
      'null',
      '7',
      '{}',
      { stream: '', seq: 1 },
      { stream: 'S', seq: '1' },
      { stream: 'S', seq: 1, error: 5, x: 1 },
    ]) {
      const { server, open } = await openTo(saying(answer));
      if (typeof answer === 'object' && 'x' in answer) {
        expect(await open.send('one')).to.deep.equal({ stream: 'S', seq: 1, duplicate: false });
        continue;
      }
      const error = await open.refused('one');
      expect(error).to.not.be.instanceOf(RejectedError).and.not.instanceOf(TemporaryError);
      expect(error.message).to.match(
        new RegExp(`^${server.url}: expected an acknowledgement of JetStream, got `),
      );
    }
  });

  it('should give a value for each event of a batch', async () => {
    let seq = 0;
    const server = keep(
      await ScriptedNats.start({
        published: ({ respond }) => {
          respond(JSON.stringify({ stream: 'EVENTS', seq: ++seq }));
        },
      }),
    );
    const connection = natsConnection(server.url, { subject: 'a', jetStream: true, batch: { size: 5 } });
    const open = await keep(new OpenConnection(connection)).up();
    expect(await open.sendAll(['a', 'b'])).to.deep.equal([
      { index: 0, status: 'delivered', value: { stream: 'EVENTS', seq: 1, duplicate: false } },
      { index: 1, status: 'delivered', value: { stream: 'EVENTS', seq: 2, duplicate: false } },
    ]);
  });
});
