import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packPackage } from './packed.js';

describe('publint', () => {
  it('should find nothing to say about the package', async function () {
    this.timeout(60_000);
    const { bytes } = packPackage();
    const { messages, pkg } = await publint({
      pack: { tarball: Uint8Array.from(bytes).buffer },
      level: 'suggestion',
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).to.deep.equal([]);
  });
});
