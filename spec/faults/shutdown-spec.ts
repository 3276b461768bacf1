/** Programs that leave a balancer, in any way and at any time: they end by themselves, and in silence. */
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CollectorProcess } from '../../examples/ship/collectorProcess.js';
import { closedAfterEach } from '../connections/closedAfterEach.js';
import { ScriptedServer, silence } from '../connections/scriptedServer.js';
import { start } from '../examples/program.js';
import { scratchFolder } from '../examples/scratch.js';
import { until } from '../until.js';
import { ChildProgram, clean, strictness, type Answers } from './shutdown/childProgram.js';
import { places, type Place } from './shutdown/places.js';

describe('shutdown', function () {
  this.timeout(120_000);
  const keep = closedAfterEach();
  const scratch = scratchFolder();

  /** A real collector. */
  const collector = async (name = 'collector'): Promise<CollectorProcess> => {
    const collector = new CollectorProcess(name, scratch.folder());
    keep({ close: () => collector.kill() });
    await collector.start();
    return collector;
  };

  /** The lines that a collector has taken. */
  const takenBy = ({ file }: CollectorProcess): string[] =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];

  const begin = (program: string, args: readonly string[], answers: Answers = {}): ChildProgram =>
    keep(new ChildProgram(new URL(`shutdown/${program}`, import.meta.url), args, answers));

  /** Waits until a program has ended as it should, and gives what it has said before it was done. */
  const accountsOf = async (program: ChildProgram): Promise<string[]> => {
    const { lines, ...end } = await program.end();
    expect({ ...end, last: lines.at(-1) }, lines.join('\n')).to.deep.equal({ ...clean, last: 'over' });
    return lines.slice(0, -1);
  };

  it('should open nothing before it is used', async () => {
    const server = keep(await ScriptedServer.start());
    expect(await accountsOf(begin('unopened', [server.origin]))).to.deep.equal([
      'an operator: nothing',
      'a stream: nothing',
      'an iteration: nothing',
      'an iteration that is returned: completed',
      'an iteration that is thrown into: enough',
      'an aborted signal: completed',
      'an iteration that is closed already: completed',
      'an operator that is closed already: completed',
      'a balancer that is closed already: 1 closed, completed',
    ]);
    expect(server.sockets).to.equal(0);
  });

  it('should close what it has only begun to open', async () => {
    const server = keep(await ScriptedServer.start());
    expect(await accountsOf(begin('unopened', [server.origin, 'left at once']))).to.deep.equal([
      'a balancer that is closed at once: 3 closed, completed',
      'a stream that is left at once: nothing',
    ]);
    expect(server.requests).to.deep.equal([]);
    await until('the sockets to be closed', () => server.openSockets === 0);
  });

  it('should leave nothing of a connection and a signal that are used again and again', async () => {
    const place = await collector();
    const said = await accountsOf(begin('again', [place.url]));
    expect(said).to.deep.equal(Array<string>(5 * 30).fill('3 delivered, completed'));
    expect(takenBy(place)).to.have.lengthOf(3 * said.length);
  });

  it('should end with many sends in flight at once', async () => {
    const server = keep(await ScriptedServer.start(() => silence));
    const program = begin('many', [server.origin], { 'all are waiting': () => server.inFlight === 600 });
    expect(await accountsOf(program)).to.deep.equal(['300 closed, completed', 'nothing']);
    await until('the sockets to be closed', () => server.openSockets === 0);
  });

  describe('in each phase of a connection, in every way', () => {
    /** What is said of three events: after leaving, after a close (of an iteration), and after draining. */
    interface Said {
      readonly left?: string;
      readonly closed?: string;
      readonly iterated?: string;
      readonly drained?: string;
    }

    const accounts = ({ left = '', closed = '3 closed', iterated = closed, drained = closed }: Said) => {
      const and = (account: string, end: string): string => (account === '' ? end : `${account}, ${end}`);
      return [
        `unsubscribe: ${left || 'nothing'}`,
        `unsubscribe from an iterable: ${left || 'nothing'}`,
        'break: 1 delivered',
        'throw: 1 delivered, enough',
        `return while next is pending: ${and(left, 'completed')}`,
        `throw while next is pending: ${and(left, 'completed')}`,
        `signal: ${and(left, 'completed')}`,
        `closeOn: ${and(closed, 'completed')}`,
        `closeOn of an iteration: ${and(iterated, 'completed')}`,
        `drainTimeout: ${and(drained, 'completed')}`,
        `an error of the source: ${and(drained, 'the source broke')}`,
        `close: ${and(closed, 'closed')}`,
        `drain: ${and(drained, 'closed')}`,
        `dispose: ${and(drained, 'closed')}`,
      ];
    };

    const leave = async (phase: string, place: Place): Promise<string[]> =>
      accountsOf(begin('program', [phase, place.url], { reached: place.isReached, left: place.isLeft }));

    /** An iterable is asked for nothing while no connection is up, and for no more than the window has room for. */
    const particulars: Readonly<Record<string, Said>> = {
      'connecting, SYN not answered': { iterated: '' },
      'connecting, TLS not answered': { iterated: '' },
      'connecting, DNS not answered': { iterated: '' },
      'opening, and deaf to the signal': { iterated: '' },
      'in backoff': { iterated: '' },
      'closing, and waiting for it to open again': { iterated: '1 closed' },
      // A batch lingers no longer than there are events to come.
      'lingering for a batch': { drained: '3 delivered' },
    };

    for (const [phase, open] of Object.entries(places)) {
      it(`should end: ${phase}`, async () => {
        const place = keep(await open());
        expect(await leave(phase, place)).to.deep.equal(accounts(particulars[phase] ?? {}));
      });
    }

    it('should end: idle', async () => {
      const place = await collector();
      const said = await leave('idle', {
        url: place.url,
        isReached: () => true,
        isLeft: () => true,
        close: () => undefined,
      });
      const all = '3 delivered';
      expect(said).to.deep.equal(accounts({ left: all, closed: all }));
      // Where it was not the scout that had taken them.
      expect(takenBy(place)).to.deep.equal(said.flatMap(() => ['1', '2', '3']));
    });

    it('should end: in use by somebody else', async () => {
      const server = keep(await ScriptedServer.start());
      const said = await leave('in use by somebody else', {
        url: server.origin,
        isReached: () => true,
        isLeft: () => server.openSockets === 0,
        close: () => undefined,
      });
      const misuse =
        'serves one subscription at a time: give loadBalance a function that makes its connections';
      expect(said).to.have.lengthOf(14);
      for (const account of said) {
        expect(account).to.match(
          new RegExp(`: connection ".*" ${misuse}$|^(close|drain|dispose): 3 closed, closed$`),
        );
      }
      expect(server.posts).to.deep.equal([]);
    });
  });

  describe('by Ctrl-C under load', () => {
    /** Of one connection. */
    const window = 8;

    interface Said {
      readonly entered: number;
      readonly account: string;
      readonly delivered: readonly number[];
    }

    const interrupt = async (
      way: string,
      urls: readonly string[],
      isTime: () => boolean = () => true,
    ): Promise<Said> => {
      const program = begin('interrupted', [way, ...urls]);
      await program.wrote('under load');
      await until('the moment', isTime);
      program.interrupt();
      return JSON.parse((await accountsOf(program)).at(-1) ?? '') as Said;
    };

    const outcomesIn = (account: string): number =>
      [...account.matchAll(/(\d+) [a-z]/g)].reduce((sum, [, count]) => sum + Number(count), 0);

    /** Which events have no outcome at the end: none, or those in sends and those that nobody reads any more. */
    const most: Readonly<Record<string, number>> = {
      'close an iterable': 0,
      'end an iterable': 0,
      'close a flood': 0,
      'end a flood': 0,
      'close a balancer': 0,
      'abort an iteration': 2 * window,
      'break out of an iteration': 2 * window + 16,
    };

    for (const [way, unknown] of Object.entries(most)) {
      it(`should end: ${way}`, async () => {
        const collectors = await Promise.all([collector('one'), collector('two')]);
        const said = await interrupt(
          way,
          collectors.map(({ url }) => url),
        );
        const { entered, account, delivered } = said;
        expect(account).to.match(/^(\d+ (delivered|closed|overflow), )+completed$/);
        expect(entered - outcomesIn(account)).to.be.within(0, unknown);

        const taken = collectors.flatMap(takenBy).map(Number);
        expect(new Set(taken)).to.have.lengthOf(taken.length);
        expect(taken).to.include.members(delivered);
        // Of what was in a send nobody knows whether it has arrived; or nobody was told, as with outcomes not read.
        expect(taken.length - delivered.length).to.be.within(0, 2 * window + unknown);
      });
    }

    it('should end after its drainTimeout where nobody answers', async () => {
      // The load is there, and then nobody answers any more.
      let answers = 0;
      const server = keep(await ScriptedServer.start(() => (++answers > 320 ? silence : 200)));
      const { entered, account } = await interrupt(
        'end a flood',
        [server.origin],
        () => answers === 320 + window,
      );
      expect(account).to.match(/^\d+ closed, 320 delivered, (\d+ overflow, )?completed$/);
      expect(outcomesIn(account)).to.equal(entered);
      await until('the sockets to be closed', () => server.openSockets === 0);
    });

    it('should end the shipper, which has delivered what it has read', async () => {
      const collectors = await Promise.all([collector('one'), collector('two')]);
      const urls = collectors.map(({ url }) => url);
      const shipper = start('ship', ['--events', '1000000', '--json', '--to', ...urls], {
        NODE_OPTIONS: strictness.join(' '),
      });
      await shipper.wrote('err', /[1-9]\d* delivered/);
      process.kill(-shipper.pid, 'SIGINT');
      const { code, out, err } = await shipper.end();
      expect(code, err).to.equal(130);
      // Only progress, a line a second.
      expect(err).to.match(/^( *(\d+:\d\d \||stopping:) .*\n)+$/);
      const { read, delivered } = JSON.parse(out) as { read: number; delivered: number };
      expect(read).to.be.greaterThan(0).and.to.equal(delivered);
      const taken = collectors.flatMap(takenBy);
      expect(taken).to.have.lengthOf(delivered);
      expect(new Set(taken)).to.have.lengthOf(delivered);
    });
  });
});
