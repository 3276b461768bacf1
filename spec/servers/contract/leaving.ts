/** A program that has left its connections ends by itself, and has said nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ContractSubject } from './subject.js';

/** `.js` when this is compiled, `.ts` under tsx. */
const program = fileURLToPath(new URL(`leavingProgram${extname(import.meta.url)}`, import.meta.url));

/** How long it may take to its end, in milliseconds. */
const patience = 5_000;

/** The case of a subject: both kinds of its connections in a process of their own. */
export function describeLeaving(subject: ContractSubject): void {
  it('should let a program end', async function () {
    const file = this.test?.file ?? '';
    const child = spawn(process.execPath, [...process.execArgv, program, file, subject.name], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Not SIGKILL: it has a server to end.
    const end = () => child.kill('SIGTERM');
    let impatience = setTimeout(end, 20_000);
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('left')) {
        clearTimeout(impatience);
        impatience = setTimeout(end, patience);
      }
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(impatience);
    expect({ code, out, err }).to.deep.equal({ code: 0, out: 'left\n', err: '' });
  });
}
