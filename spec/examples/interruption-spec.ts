/** Ctrl-C: the first stops, the second closes, the third ends it. */
import { readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { expect } from 'chai';
import { spy } from 'sinon';
import { uninterrupted } from '../../examples/ship/interruption.js';
import { plainDisplay } from '../../examples/ship/plainDisplay.js';
import { ship } from '../../examples/ship/ship.js';
import { targetsOf } from '../../examples/ship/targets.js';
import { endpoint, type Endpoint, type Said } from './endpoint.js';
import { start, until } from './program.js';
import { scratchFolder } from './scratch.js';

describe('the shipper and Ctrl-C', function () {
  this.timeout(60_000);
  const scratch = scratchFolder();
  let place: Endpoint;
  /** Answers what is held back. */
  let release: () => void;

  beforeEach(async () => {
    const held: (() => void)[] = [];
    let isReleased = false;
    release = () => {
      isReleased = true;
      for (const answer of held) {
        answer();
      }
    };
    place = await endpoint(() =>
      isReleased
        ? 204
        : new Promise<Said>((answer) =>
            held.push(() => {
              answer(204);
            }),
          ),
    );
  });

  afterEach(async () => {
    await place.close();
  });

  const begin = (...args: string[]) => start('ship', ['--to', place.url, '--json', ...args]);
  const summaryOf = (out: string) => JSON.parse(out) as Record<string, unknown>;

  it('should ship what has been read and wait for no more input, and end with 130', async () => {
    const shipper = begin();
    shipper.child.stdin.write('first\nsecond\nwithout an end');
    await until(() => place.posts.length === 2);
    shipper.child.kill('SIGINT');
    release();
    const { code, out } = await shipper.end();
    expect(summaryOf(out)).to.include({ read: 2, delivered: 2, dropped: 0 });
    expect(code).to.equal(130);
  });

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(`should do the same for ${signal}`, async () => {
      const shipper = begin();
      shipper.child.stdin.write('first\n');
      await until(() => place.posts.length === 1);
      shipper.child.kill(signal);
      release();
      const { code, out } = await shipper.end();
      expect(summaryOf(out)).to.include({ read: 1, delivered: 1 });
      expect(code).to.equal(130);
    });
  }

  it('should stop in the middle of what it has in memory', async () => {
    const shipper = begin('--events', '1000000', '--window', '1');
    await until(() => place.posts.length === 1);
    shipper.child.kill('SIGINT');
    release();
    const { code, out } = await shipper.end();
    expect(summaryOf(out)).to.have.property('read').that.is.below(100_000);
    expect(code).to.equal(130);
  });

  it('should give up by itself what is not delivered in time, and end with 1', async () => {
    const dead = scratch.path('dead');
    const shipper = begin('--events', '1000000', '--window', '2', '--dead-letter', dead);
    await until(() => place.posts.length === 2);
    shipper.child.kill('SIGINT');
    const { code, out } = await shipper.end();
    const { read, dropped, reasons } = summaryOf(out);
    expect(dropped).to.equal(read).and.to.be.at.least(2);
    expect(reasons).to.deep.equal({ closed: dropped });
    expect(await readFile(dead, 'utf8')).to.match(/"reason":"closed","error":"not delivered within 5 s/);
    expect(code).to.equal(1);
  });

  it('should not wait for an endpoint that is not there when there is nothing to deliver', async () => {
    await place.close();
    const shipper = begin('--events', '1000000');
    await shipper.wrote('err', /ECONNREFUSED/);
    shipper.child.kill('SIGINT');
    const { code, out, err } = await shipper.end();
    expect(summaryOf(out)).to.include({ read: 0, dropped: 0 });
    expect(err).to.not.include('stopping');
    expect(code).to.equal(130);
    place = await endpoint();
  });

  it('should set no time limit to nothing', async () => {
    await place.close();
    const stop = new AbortController();
    const set = spy(globalThis, 'setTimeout');
    try {
      const shipment = await ship({
        events: 10,
        targets: targetsOf([place.url], 'lines'),
        interruption: { ...uninterrupted, stop: stop.signal },
        display: plainDisplay((text) => {
          if (text.includes('ECONNREFUSED')) {
            stop.abort();
          }
        }),
      });
      expect(shipment).to.include({ read: 0, error: undefined });
      expect(set.args.map(([, time]) => time))
        .to.include(0)
        .and.not.include(5_000);
    } finally {
      set.restore();
    }
    place = await endpoint();
  });

  it('should give up at once when it is pressed again', async () => {
    const dead = scratch.path('dead');
    // More input could come, and the answers never do: only a close ends this.
    const shipper = begin('--timeout', '2147483647', '--dead-letter', dead);
    shipper.child.stdin.write('first\nsecond\n');
    await until(() => place.posts.length === 2);
    shipper.child.kill('SIGINT');
    await shipper.wrote('err', /^stopping: /m);
    shipper.child.kill('SIGINT');
    const { code, out } = await shipper.end();
    expect(summaryOf(out)).to.deep.include({ read: 2, delivered: 0, dropped: 2, reasons: { closed: 2 } });
    expect(summaryOf(out)).to.have.nested.property('connections[0].putBack', 0);
    expect(await readFile(dead, 'utf8')).to.match(/"error":"closed by a second signal"/);
    expect(code).to.equal(1);
  });

  it('should end with 130 when it is pressed once more', async () => {
    // Something that does not end by itself, whatever it is told.
    const { href } = new URL(`../../examples/ship/interruption${extname(import.meta.url)}`, import.meta.url);
    const text = `import { interruptedBySignals } from '${href}';
      const { stop, close } = interruptedBySignals();
      stop.onabort = () => console.log('stop');
      close.onabort = () => console.log('close');
      setInterval(() => undefined, 1_000);
      console.log('begun');`;
    const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '--eval', text]);
    try {
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (words: string) => (said += words));
      const ended = once(child, 'exit');
      for (const word of ['begun', 'stop', 'close']) {
        await until(() => said.includes(word));
        child.kill('SIGTERM');
      }
      // As Ctrl-C ends any process; a shell makes 130 of it.
      expect(await ended).to.deep.equal([null, 'SIGINT']);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
