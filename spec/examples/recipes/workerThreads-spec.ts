/** The recipe for worker threads: what becomes of work that hangs, throws, or takes its thread with it. */
import { statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { from, lastValueFrom, TimeoutError } from 'rxjs';
import type * as recipe from '../../../examples/recipes/workerThreads.js';
import { isDropped, type Connection, type LoadBalanceOptions } from '../../../src/index.js';
import { OpenConnection } from '../../connections/openConnection.js';
import { until } from '../../until.js';
import { quietly } from './quietly.js';
import { shipped, wordsFor } from './shipped.js';

describe('the recipe for worker threads', function () {
  this.timeout(60_000); // a thread takes its time to start
  let thread: typeof recipe.thread;
  let folder: string;
  let filename: string;
  /** Grows while work hangs. */
  let pulse: string;

  before(async () => {
    ({ thread } = await quietly(() => import('../../../examples/recipes/workerThreads.js')));
    folder = await mkdtemp(join(tmpdir(), 'worker-threads-'));
    filename = join(folder, 'work.mjs');
    pulse = join(folder, 'pulse');
    await writeFile(pulse, '');
    await writeFile(
      filename,
      `import { appendFileSync } from 'node:fs';
      const clock = new Int32Array(new SharedArrayBuffer(4));
      export default (text) => {
        while (text === 'hang') {
          appendFileSync(${JSON.stringify(pulse)}, '.');
          Atomics.wait(clock, 0, 0, 2);
        }
        if (text === 'exit') process.exit(3);
        if (text === 'bad') throw new TypeError('bad');
        return new TextEncoder().encode(text);
      };`,
    );
  });

  after(() => rm(folder, { recursive: true }));

  const size = (): number => statSync(pulse).size;

  /** Waits until no work hangs any more: a thread ends a moment after it was told to. */
  const still = (): Promise<void> =>
    until('the work to end', async () => {
      const before = size();
      await sleep(200);
      return size() === before;
    });

  const two = (): Connection<string, Uint8Array>[] => [1, 2].map((index) => thread(index, { filename }));
  const options: LoadBalanceOptions<string> = { maxAttempts: 2, reconnectDelay: 1 };

  it('should give back what the work gave', async () => {
    const outcomes = await shipped(['a'], two(), options);
    expect(outcomes).to.deep.include.members([
      {
        status: 'delivered',
        event: 'a',
        value: new TextEncoder().encode('a'),
        connection: 'thread 1',
        attempts: 1,
      },
    ]);
  });

  it('should end work that takes too long, and go on with the rest', async () => {
    const events = ['hang', 'a', 'b', 'c', 'd'];
    const outcomes = await shipped(events, two(), {
      ...options,
      timeout: { send: 2_000 },
      guaranteed: (event) => event !== 'hang', // a thread may take longer than that to start
    });
    expect(wordsFor(outcomes).sort()).to.deep.equal([
      'a delivered',
      'b delivered',
      'c delivered',
      'd delivered',
      'hang dropped',
    ]);
    const [lost] = outcomes.filter(isDropped);
    expect(lost).to.include({ reason: 'attempts', attempts: 2 });
    expect(lost?.error).to.be.instanceOf(TimeoutError);
    await still();
  });

  it('should end work that is cancelled, and keep the connection', async () => {
    const connection = thread(1, { filename });
    const open = await new OpenConnection(connection).up();
    const before = size();
    const controller = new AbortController();
    const work$ = from(connection.send('hang', { attempt: 1, signal: controller.signal }));
    const work = lastValueFrom(work$, { defaultValue: undefined });
    await until('work', () => size() > before);
    controller.abort();
    expect(await work.catch((error: unknown) => error)).to.include({ name: 'AbortError' });
    await still();
    expect(open.failed).to.equal(false);
    open.close();
  });

  it('should end work when it is closed', async () => {
    const open = await new OpenConnection(thread(1, { filename })).up();
    const before = size();
    const work = open.refused('hang');
    await until('work', () => size() > before);
    open.close();
    await work;
    await still();
  });

  it('should drop work that throws for what it was given, and keep the thread', async () => {
    const outcomes = await shipped(['bad', 'a'], [thread(1, { filename })], options);
    expect(wordsFor(outcomes)).to.deep.equal(['bad dropped', 'a delivered']);
    expect(outcomes[0]).to.include({ reason: 'rejected', attempts: 1 });
  });

  it('should begin anew with a thread that has ended', async () => {
    const outcomes = await shipped(['exit', 'a', 'b'], two(), options);
    expect(wordsFor(outcomes).sort()).to.deep.equal(['a delivered', 'b delivered', 'exit dropped']);
    const [lost] = outcomes.filter(isDropped);
    expect(lost).to.include({ reason: 'attempts', attempts: 2 });
    expect(String(lost?.error)).to.include('worker exited with code: 3');
  });

  it('should break when a thread that does nothing fails', async () => {
    const open = new OpenConnection(thread(1, { filename: join(folder, 'nowhere.mjs') }));
    expect(String(await open.lost())).to.include('nowhere.mjs');
    open.close();
  });

  it('should survive a thread that fails after the end', async () => {
    const errors: unknown[] = [];
    const heard = (error: unknown): void => {
      errors.push(error);
    };
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', heard);
    try {
      const nowhere = thread(1, { filename: join(folder, 'nowhere.mjs') });
      const outcomes = await shipped(['a'], [nowhere], { ...options, maxAttempts: 1 });
      expect(wordsFor(outcomes)).to.deep.equal(['a dropped']);
      await sleep(200);
    } finally {
      process.off('uncaughtException', heard);
      for (const other of others) {
        process.on('uncaughtException', other);
      }
    }
    expect(errors).to.deep.equal([]);
  });
});
