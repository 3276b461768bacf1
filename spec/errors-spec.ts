/** The errors by which a send says what its failure means. */
import { expect } from 'chai';
import { RejectedError, TemporaryError } from '../src/index.js';

describe('TemporaryError', () => {
  it('is an Error that can be told from others', () => {
    const error = new TemporaryError('full');
    expect(error).to.be.an.instanceOf(Error);
    expect(error).to.be.an.instanceOf(TemporaryError);
    expect(error).to.not.be.an.instanceOf(RejectedError);
    expect(error.name).to.equal('TemporaryError');
    expect(error.message).to.equal('full');
    expect(String(error)).to.equal('TemporaryError: full');
    expect(error.stack).to.contain('errors-spec');
  });

  it('needs no message', () => {
    expect(new TemporaryError().message).to.equal('');
  });

  it('leaves the pause to the balancer when it is not told', () => {
    expect(new TemporaryError('full').retryAfter).to.equal(undefined);
    expect(new TemporaryError('full', {}).retryAfter).to.equal(undefined);
  });

  for (const retryAfter of [0, 1, 0.5, 2 ** 31, Infinity]) {
    it(`keeps a retryAfter of ${retryAfter} ms`, () => {
      expect(new TemporaryError('full', { retryAfter }).retryAfter).to.equal(retryAfter);
    });
  }

  for (const retryAfter of [-1, -Infinity, NaN]) {
    it(`refuses a retryAfter of ${retryAfter}`, () => {
      expect(() => new TemporaryError('full', { retryAfter })).to.throw(
        RangeError,
        `TemporaryError: expected \`retryAfter\` to be milliseconds, 0 or more, got \`${retryAfter}\``,
      );
    });
  }

  it('keeps its cause, and has none when it is given none', () => {
    const cause = new Error('503');
    expect(new TemporaryError('full', { cause }).cause).to.equal(cause);
    expect(new TemporaryError('full', { retryAfter: 1 })).to.not.have.property('cause');
  });
});

describe('RejectedError', () => {
  it('is an Error that can be told from others', () => {
    const error = new RejectedError('malformed');
    expect(error).to.be.an.instanceOf(Error);
    expect(error).to.be.an.instanceOf(RejectedError);
    expect(error).to.not.be.an.instanceOf(TemporaryError);
    expect(error.name).to.equal('RejectedError');
    expect(error.message).to.equal('malformed');
    expect(String(error)).to.equal('RejectedError: malformed');
  });

  it('keeps its cause', () => {
    const cause = new Error('400');
    expect(new RejectedError('malformed', { cause }).cause).to.equal(cause);
  });
});
