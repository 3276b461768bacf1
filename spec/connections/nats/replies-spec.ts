/** natsConnection with somebody who answers: what a reply means, and to which event it belongs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { from, lastValueFrom, Subject, takeUntil, toArray } from 'rxjs';
import { fake } from 'sinon';
import { natsConnection, type NatsReply } from '../../../src/connections/nats.js';
import { loadBalance, RejectedError, TemporaryError, type ItemResult } from '../../../src/index.js';
import { expectNothingUnhandled } from '../../badInput/unhandled.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { ScriptedNats, type NatsScript, type Published } from './scriptedNats.js';

describe('natsConnection, a reply', () => {
  const keep = closedAfterEach();
  expectNothingUnhandled();

  const serverOf = async (
    script?: NatsScript | NonNullable<NatsScript['published']>,
  ): Promise<ScriptedNats> =>
    keep(await ScriptedNats.start(typeof script === 'function' ? { published: script } : script));

  it('should publish an event as JSON and take a reply for its acknowledgement', async () => {
    const server = await serverOf();
    const open = await keep(
      new OpenConnection(natsConnection<{ n: number }>(server.url, { subject: 'a.b' })),
    ).up();
    expect(await open.send({ n: 1 })).to.equal(undefined);
    expect(server.messages.map(({ subject, body, headers }) => [subject, body, headers])).to.deep.equal([
      ['a.b', '{"n":1}', ''],
    ]);
    expect(open.states).to.deep.equal(['connecting', 'up']);
  });

  it('should be named after its servers', () => {
    const { name } = natsConnection(['nats://me:word@one:4300', new URL('tls://two')], { subject: 'a' });
    expect(name).to.equal('nats://one:4300,tls://two');
    expect(natsConnection('nats://[::1]:4222?token=x', { subject: 'a', name: 'mine' }).name).to.equal('mine');
  });

  it('should write subject, headers and body as the options say', async () => {
    const server = await serverOf();
    const connection = natsConnection<string>(server.url, {
      subject: (event) => `logs.${event}`,
      headers: (event) => ({ 'X-Length': String(event.length), Kind: 'ünïcödé' }),
      encode: (event) => Buffer.from(event.toUpperCase()),
    });
    const open = await keep(new OpenConnection(connection)).up();
    await open.send('abc');
    const [{ subject, body, headers }] = server.messages as [Published];
    expect({ subject, body }).to.deep.equal({ subject: 'logs.abc', body: 'ABC' });
    expect(Buffer.from(headers, 'latin1').toString()).to.equal(
      'NATS/1.0\r\nX-Length: 3\r\nKind: ünïcödé\r\n\r\n',
    );
  });

  it('should give what `read` makes of a reply', async () => {
    const server = await serverOf(({ respond, body }) => {
      respond(`{"got":${body}}`, 'Trace: t1');
    });
    const connection = natsConnection(server.url, {
      subject: 'a',
      read: (reply, event: number) => [event, reply.json(), reply.string(), reply.headers?.get('Trace')],
    });
    const open = await keep(new OpenConnection(connection)).up();
    expect(await open.send(7)).to.deep.equal([7, { got: 7 }, '{"got":7}', 't1']);
  });

  it('should take what `read` throws for the error of the send, without secrets', async () => {
    const server = await serverOf(({ respond }) => {
      respond('hunter2 is not it');
    });
    const errors = [
      new RejectedError('no: hunter2'),
      new TemporaryError('later', { retryAfter: 5 }),
      new Error('what?'),
    ];
    const connection = natsConnection<number, never>(server.url.replace('//', '//me:hunter2@'), {
      subject: 'a',
      read: (_reply, event) => {
        throw errors[event] as Error;
      },
    });
    const open = await keep(new OpenConnection(connection)).up();
    const rejected = await open.refused(0);
    expect(rejected).to.be.instanceOf(RejectedError);
    expect(rejected.message).to.equal('no: …');
    expect(await open.refused(1)).to.equal(errors[1]);
    const broken = await open.refused(2);
    expect(broken).to.not.be.instanceOf(RejectedError).and.not.instanceOf(TemporaryError);
    expect(broken.message).to.equal(`${server.url}: what?`);
  });

  it('should put an event back to whose subject nobody listens', async () => {
    const server = await serverOf(({ respond }) => {
      respond('', '503');
    });
    const open = await keep(new OpenConnection(natsConnection(server.url, { subject: 'a.b' }))).up();
    const error = await open.refused(1);
    expect(error).to.be.instanceOf(TemporaryError);
    expect(error.message).to.equal(`${server.url}: nobody listens to a.b`);
  });

  it('should take a reply for one that has a status, and something to say', async () => {
    const server = await serverOf(({ respond }) => {
      respond('here I am', '503');
    });
    const connection = natsConnection(server.url, { subject: 'a', read: (reply) => reply.string() });
    const open = await keep(new OpenConnection(connection)).up();
    expect(await open.send(1)).to.equal('here I am');
  });

  it('should put an event back that a service could not take', async () => {
    const answers = [
      ['Nats-Service-Error: on fire', 'Nats-Service-Error-Code: 500'],
      ['Nats-Service-Error-Code: 7'],
      ['Other: x'],
    ];
    const server = await serverOf(({ respond, body }) => {
      respond('', ...(answers[Number(body)] ?? []));
    });
    const open = await keep(new OpenConnection(natsConnection<number>(server.url, { subject: 'a' }))).up();
    const error = await open.refused(0);
    expect(error).to.be.instanceOf(TemporaryError);
    expect(error.message).to.equal(`${server.url}: the service answered 500 on fire`);
    expect((await open.refused(1)).message).to.equal(`${server.url}: the service answered 7`);
    expect(await open.send(2)).to.equal(undefined);
  });

  it('should reject what cannot be a message, and send nothing', async () => {
    const server = await serverOf();
    const connection = natsConnection<{ subject?: unknown; header?: string; body?: string }>(server.url, {
      subject: ({ subject = 'a' }) => subject as string,
      headers: ({ header = 'x' }) => ({ Key: header }),
      encode: ({ body = 'b' }) => {
        if (body === '') {
          throw new Error('nothing to say');
        }
        return body;
      },
    });
    const open = await keep(new OpenConnection(connection)).up();
    for (const [event, message] of [
      [
        { subject: 'a.*' },
        /a subject: words with dots between them, without spaces and wildcards, got `"a\.\*"`/,
      ],
      [{ subject: 'a b' }, /subject/],
      [{ subject: '' }, /subject/],
      [{ subject: 'a..b' }, /subject/],
      [{ subject: 5 }, /subject.*got `5`/],
      [{ header: 'a\r\nb: c' }, /header/],
      [{ body: '' }, /cannot encode: nothing to say/],
      [{ body: 'x'.repeat(1_025) }, /a message of at most 1024 bytes, got 1025/],
      // Only together too large.
      [{ body: 'x'.repeat(1_024) }, /max_payload/],
      // A line of the protocol may have 4,096 bytes: with the subject, that of the reply, and two sizes.
      [{ subject: 'x'.repeat(4_000) }, /a subject of at most 39\d\d bytes, got 4000$/],
      [{ subject: '\u20ac'.repeat(1_350) }, /a subject of at most 39\d\d bytes, got 4050$/],
    ] as const) {
      const error = await open.refused(event);
      expect(error, message.source).to.be.instanceOf(RejectedError);
      expect(error.message).to.match(message);
    }
    expect(server.messages).to.deep.equal([]);
    await open.send({});
    await open.send({ subject: '\u20ac'.repeat(1_300) });
    expect(open.failed).to.be.false;
  });

  it('should give each reply to its own event, in whatever order they come', async () => {
    const waiting: Published[] = [];
    const server = await serverOf((message) => waiting.push(message));
    const connection = natsConnection(server.url, {
      subject: 'a',
      read: (reply, event: number) => [event, reply.json()],
    });
    const open = await keep(new OpenConnection(connection)).up();
    const values = Promise.all([1, 2, 3].map(async (event) => open.send(event)));
    await until('all have come', () => waiting.length === 3);
    for (const { respond, body } of waiting.reverse()) {
      respond(body);
    }
    expect(await values).to.deep.equal([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it('should ignore a second reply, one that comes late, and one that nobody asked for', async () => {
    const server = await serverOf(({ respond, body, replyTo, socket }) => {
      if (body !== '1') {
        respond(body);
        respond('again');
        socket.write(`MSG ${replyTo}9 1 2\r\nno\r\nMSG ${replyTo}.x 1 2\r\nno\r\nMSG other 99 2\r\nno\r\n`);
      }
    });
    const read = fake((reply: NatsReply) => reply.json());
    const connection = natsConnection<number, unknown>(server.url, { subject: 'a', read });
    const open = await keep(new OpenConnection(connection)).up();
    const cancelled = open.sending(1).subscribe();
    await until('it has come', () => server.messages.length === 1);
    cancelled.unsubscribe();
    server.messages[0]?.respond('"late"');
    expect(await open.send(2)).to.equal(2);
    expect(await open.send(3)).to.equal(3);
    expect(read.callCount).to.equal(2);
    expect(open.states).to.deep.equal(['connecting', 'up']);
  });

  it('should write what is sent in one turn together', async () => {
    const server = await serverOf();
    const open = await keep(new OpenConnection(natsConnection(server.url, { subject: 'a' }))).up();
    const socket = (await open.send(0), server.messages[0]?.socket);
    let chunks = 0;
    socket?.on('data', () => chunks++);
    await Promise.all(Array.from({ length: 50 }, async (_, n) => open.send(n)));
    expect(chunks).to.equal(1);
  });

  describe('with batches', () => {
    const batch = { size: 10 };

    /** What a result says, and of which event. */
    const said = <R>(result: ItemResult<R>): unknown[] => [
      result.index,
      result.status === 'delivered' ? result.value : (result.error as Error).message,
    ];

    it('should give a result for each event, those together that come together', async () => {
      const waiting: Published[] = [];
      const server = await serverOf((message) => waiting.push(message));
      const connection = natsConnection(server.url, {
        subject: 'a',
        batch,
        read: (_reply, event: number) => event * 2,
      });
      const open = await keep(new OpenConnection(connection)).up();
      const heard: unknown[] = [];
      let isComplete = false;
      open.sendingAll([1, 2, 3]).subscribe({
        next: (results) => heard.push(results),
        complete: () => (isComplete = true),
      });
      await until('all have come', () => waiting.length === 3);
      waiting[2]?.socket.cork();
      waiting[2]?.respond();
      waiting[0]?.respond();
      waiting[2]?.socket.uncork();
      await until('two are answered', () => heard.length > 0);
      expect(heard).to.deep.equal([
        [
          { index: 2, status: 'delivered', value: 6 },
          { index: 0, status: 'delivered', value: 2 },
        ],
      ]);
      expect(isComplete).to.be.false;
      waiting[1]?.respond();
      await until('it is complete', () => isComplete);
      expect(heard.at(-1)).to.deep.equal([{ index: 1, status: 'delivered', value: 4 }]);
    });

    it('should fail by themselves the events that cannot be sent or are refused', async () => {
      const server = await serverOf(({ respond, body }) => {
        respond('', ...(body === '"busy"' ? ['503'] : []));
      });
      const connection = natsConnection<string>(server.url, { subject: 'a', batch });
      const open = await keep(new OpenConnection(connection)).up();
      const results = await open.sendAll(['good', 'x'.repeat(2_000), 'busy']);
      expect(results.map(({ index, status }) => [index, status])).to.have.deep.members([
        [0, 'delivered'],
        [1, 'failed'],
        [2, 'failed'],
      ]);
      const errorOf = (at: number): unknown =>
        results.flatMap((result) =>
          result.status === 'failed' && result.index === at ? [result.error] : [],
        )[0];
      expect(errorOf(1)).to.be.instanceOf(RejectedError);
      expect(errorOf(2)).to.be.instanceOf(TemporaryError);
    });

    it('should name an event that breaks the connection, give the results of all others, and break', async () => {
      const server = await serverOf(({ respond, body }) => {
        // The others come later.
        setTimeout(respond, body === '2' || body === '4' ? 0 : 20);
      });
      const connection = natsConnection<number, number>(server.url, {
        subject: 'a',
        batch,
        read: (_reply, event) => {
          if (event === 2 || event === 4) {
            throw new Error(`not ${event}`);
          }
          return event;
        },
      });
      const open = await keep(new OpenConnection(connection)).up();
      const heard: unknown[] = [];
      let failure: unknown;
      open.sendingAll([1, 2, 3, 4]).subscribe({
        next: (results) => heard.push(...results.map(said)),
        error: (error: unknown) => (failure = error),
      });
      await until('it has failed', () => failure !== undefined);
      expect(heard).to.deep.equal([
        [1, `${server.url}: not 2`],
        [3, `${server.url}: not 4`],
        [0, 1],
        [2, 3],
      ]);
      expect(failure).to.have.property('message', `${server.url}: not 2`);
    });

    it('should name the event that it is not allowed to publish, and deliver the others', async () => {
      const server = await serverOf(({ respond, subject, socket }) => {
        if (subject === 'b') {
          socket.write(`-ERR 'Permissions Violation for Publish to "b"'\r\n`);
        } else {
          setTimeout(respond, 20);
        }
      });
      const connection = natsConnection<string>(server.url, { subject: String, batch });
      const open = await keep(new OpenConnection(connection)).up();
      const heard: unknown[] = [];
      let failure: unknown;
      open.sendingAll(['a', 'b', 'c']).subscribe({
        next: (results) => heard.push(...results.map(said)),
        error: (error: unknown) => (failure = error),
      });
      await until('it has failed', () => failure !== undefined);
      const message = `${server.url}: Permissions Violation for Publish to "b"`;
      expect(heard).to.deep.equal([
        [1, message],
        [0, undefined],
        [2, undefined],
      ]);
      expect(failure).to.have.property('message', message);
    });

    it('should send each event of a batch once, whatever becomes of one of them', async () => {
      const server = await serverOf(({ respond, subject }) => {
        if (subject === 'b' && server.accepted === 1) {
          respond('', '503');
        } else {
          respond('{"stream":"S","seq":1}');
        }
      });
      const connection = natsConnection<string>(server.url, { subject: String, jetStream: true, batch });
      const outcomes = await lastValueFrom(
        from(['a', 'b', 'c']).pipe(loadBalance([connection], { reconnectDelay: 10 }), toArray()),
        { defaultValue: [] },
      );
      expect(outcomes.map(({ event, status }) => `${event} ${status}`)).to.have.members([
        'a delivered',
        'b delivered',
        'c delivered',
      ]);
      expect(server.messages.map(({ subject }) => subject)).to.deep.equal(['a', 'b', 'c', 'b']);
    });

    it('should cancel all of it', async () => {
      const server = await serverOf(() => undefined);
      const read = fake();
      const connection = natsConnection(server.url, { subject: 'a', batch, read });
      const open = await keep(new OpenConnection(connection)).up();
      const sent = open.sendingAll([1, 2, 3]).subscribe();
      await until('all have come', () => server.messages.length === 3);
      sent.unsubscribe();
      for (const { respond } of server.messages) {
        respond();
      }
      await sleep(20);
      expect(read.called).to.be.false;
      expect(open.failed).to.be.false;
    });

    it('should publish no more once it is left', async () => {
      const server = await serverOf();
      const left$ = new Subject<void>();
      const connection = natsConnection<number>(server.url, {
        subject: 'a',
        batch,
        encode: (event) => {
          if (event === 2) {
            left$.next();
          }
          return String(event);
        },
      });
      const open = await keep(new OpenConnection(connection)).up();
      open.sendingAll([1, 2, 3, 4]).pipe(takeUntil(left$)).subscribe();
      await open.sendAll([5]);
      expect(server.messages.map(({ body }) => body)).to.deep.equal(['1', '2', '5']);
    });
  });
});
