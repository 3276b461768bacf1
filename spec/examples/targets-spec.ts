/** The endpoints of a command line: their URLs, and the names by which they are shown. */
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { looksLikeUrl, targetsOf } from '../../examples/ship/targets.js';
import { ship } from '../../examples/ship/ship.js';
import { endpoint } from './endpoint.js';
import { plainDisplay } from '../../examples/ship/plainDisplay.js';
import { scratchFolder } from './scratch.js';

describe("the shipper's targets", () => {
  const scratch = scratchFolder();

  const namesOf = (...words: string[]): string[] => targetsOf(words, 'lines').map(({ name }) => name);

  it('should be named after what is no secret in their URLs', () => {
    expect(namesOf('http://user:secret@host:81/a/b?key=secret#secret', 'https://Host')).to.deep.equal([
      'http://host:81/a/b',
      'https://host/',
    ]);
  });

  it('should have names of their own', () => {
    expect(namesOf('http://a/x?1', 'http://a/x?2', 'http://b', 'http://a/x')).to.deep.equal([
      'http://a/x',
      'http://a/x #2',
      'http://b/',
      'http://a/x #3',
    ]);
  });

  it('should have the path that their format expects, where none is given', () => {
    const path = (word: string, format: 'lines' | 'bulk'): string | undefined => {
      const [target] = targetsOf([word], format);
      return target && target.url.pathname + target.url.search;
    };
    expect(path('http://a', 'lines')).to.equal('/');
    expect(path('http://a', 'bulk')).to.equal('/_bulk');
    expect(path('http://a/?pipeline=x', 'bulk')).to.equal('/_bulk?pipeline=x');
    expect(path('http://a/b', 'bulk')).to.equal('/b');
  });

  it('should be told from files', () => {
    expect(['http://a', 'HTTPS://a', 'ftp://a'].every(looksLikeUrl)).to.be.true;
    expect(['a', '-', './http://a', '/http', 'C:\\a', 'localhost:80'].some(looksLikeUrl)).to.be.false;
  });

  it('should be sent to only once they are well, when they are asked', async () => {
    const asked: string[] = [];
    const { url, close } = await endpoint(({ method, path }) => {
      asked.push(`${method} ${path}`);
      return asked.length < 3 ? 500 : 204;
    });
    const shipment = await ship({ events: 1, targets: targetsOf([`${url}/in`], 'lines'), health: '/up' });
    await close();
    expect(asked).to.deep.equal(['GET /up', 'GET /up', 'GET /up', 'POST /in']);
    expect(shipment).to.include({ delivered: 1, retried: 0 });
  });

  it('should be sent to again when a request takes longer than it may', async () => {
    const { url, posts, close } = await endpoint(() => (posts.length === 1 ? undefined : 204));
    const shipment = await ship({
      events: 1,
      targets: targetsOf([url], 'lines'),
      maxAttempts: 9,
      timeout: 500,
    });
    await close();
    expect(shipment).to.include({ delivered: 1, retried: posts.length - 1 });
    expect(posts).to.have.length.at.least(2);
  });

  it('should be sent their user name and password, which nobody is shown', async () => {
    let authorized = 0;
    const { url, close } = await endpoint(({ headers, body }) => {
      authorized +=
        headers.authorization === `Basic ${Buffer.from('user:s3cret').toString('base64')}` ? 1 : 0;
      return { status: body.includes('bad') ? 400 : 500, body: `no: ${headers.authorization ?? ''}` };
    });
    const printed: string[] = [];
    const deadLetter = scratch.path('dead');
    const shipment = await ship({
      input: await scratch.file('bad\ngood\n'),
      targets: targetsOf([url.replace('//', '//user:s3cret@')], 'lines'),
      maxAttempts: 2,
      deadLetter,
      display: plainDisplay((text) => printed.push(text)),
    });
    await close();
    expect(authorized).to.be.at.least(3);
    expect(shipment.reasons).to.deep.equal({ rejected: 1, attempts: 1 });
    const dropped = await readFile(deadLetter, 'utf8');
    // Where the endpoint's words are shown, so would be what it repeats.
    for (const text of [printed.join(''), dropped]) {
      expect(text)
        .to.match(/400.* no: /)
        .and.match(/500.* no: /);
    }
    expect(printed.join('') + dropped + inspect(shipment, { depth: 9 })).to.not.match(
      /user|s3cret|dXNlcjpzM2NyZXQ/,
    );
  });
});
