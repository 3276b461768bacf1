import { expect } from 'chai';
import { Peer, resolverOf, type Resolve } from '../../src/connections/peer.js';

describe('Peer', () => {
  const missing = new Peer('someConnection', 'a-package-that-is-not-there', 3);
  const message =
    'someConnection needs the package a-package-that-is-not-there: npm install a-package-that-is-not-there@3';

  it('should say what to install when it is missing', () => {
    const resolve = (name: string): never => {
      throw Object.assign(new Error(`Cannot find package '${name}' imported from …`), {
        code: 'ERR_MODULE_NOT_FOUND',
      });
    };
    expect(() => {
      missing.expect(resolve);
    }).to.throw(Error, message);
  });

  it('should be looked for by Node, unless this is a part of a bundle, or no Node', () => {
    const resolve = (name: string): string => `file:///${name}`;
    expect(resolverOf({ url: 'file:///dist/src/connections/peer.js', resolve })?.('a')).to.equal('file:///a');
    expect(resolverOf({ url: 'file:///bundle.js', resolve })).to.equal(undefined);
    expect(resolverOf({ url: 'https://cdn/connections/peer.js' })).to.equal(undefined);
    expect(resolverOf({})).to.equal(undefined);
  });

  it('should be installed where it can be found, and not where that cannot be told', () => {
    const isInstalled = (resolve: Resolve): boolean => missing.isInstalled(resolve);
    expect(isInstalled((name) => `file:///${name}`)).to.equal(true);
    expect(
      isInstalled(() => {
        throw new Error('Cannot find package');
      }),
    ).to.equal(false);
    // By Node's own way, where these modules are run as they are; else nobody can tell.
    expect(missing.isInstalled()).to.equal(false);
  });

  it('should say so too when that shows only at loading', async () => {
    const name = 'a-package-that-is-not-there';
    const load = (): Promise<unknown> => import(name);
    const error = await missing.load(load).catch((reason: unknown) => reason);
    expect(error).to.be.an('Error').with.property('message', message);
    expect(error).to.have.nested.property('cause.code', 'ERR_MODULE_NOT_FOUND');
  });

  it('should say nothing when it is there', async () => {
    const peer = new Peer('someConnection', 'rxjs', 7);
    peer.expect();
    expect(await peer.load(() => import('rxjs'))).to.have.property('Observable');
  });

  it('should pass on any other error of loading', async () => {
    const broken = new Error('it is broken');
    const error = await missing.load(() => Promise.reject(broken)).catch((reason: unknown) => reason);
    expect(error).to.equal(broken);
    const other = 'another-package-that-is-not-there';
    expect(await missing.load(() => import(other)).catch((reason: unknown) => reason))
      .to.be.an('Error')
      .with.property('message')
      .that.includes(other);
  });
});
