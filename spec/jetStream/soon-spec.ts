/** What waits for the end of a turn of the event loop, with the platform's means. */
import { expect } from 'chai';
import { soon } from '../../src/jetStream/soon.js';

describe('soon', () => {
  const { setImmediate: immediate } = globalThis;

  afterEach(() => {
    globalThis.setImmediate = immediate;
  });

  /** What happens, in its order. */
  async function order(): Promise<string[]> {
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      soon(() => {
        seen.push('soon');
        resolve();
      });
      seen.push('now');
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push('promises'));
    });
    return seen;
  }

  it('runs after everything that is due now, promises included', async () => {
    expect(await order()).to.deep.equal(['now', 'promises', 'soon']);
  });

  it('does so as well where there is no setImmediate, as in a browser', async () => {
    Reflect.deleteProperty(globalThis, 'setImmediate');
    expect(typeof globalThis.setImmediate).to.equal('undefined');
    expect(await order()).to.deep.equal(['now', 'promises', 'soon']);
  });
});
