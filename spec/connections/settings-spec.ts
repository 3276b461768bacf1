/** What an HTTP connection works with when little is said, and what it says of itself. */
import { expect } from 'chai';
import { Endpoint } from '../../src/connections/http/endpoint.js';
import { httpSettings } from '../../src/connections/http/options.js';
import { retryAfterOf } from '../../src/connections/http/retryAfter.js';
import { messageOf } from '../../src/connections/messageOf.js';
import { Redaction } from '../../src/connections/redaction.js';
import { Secrets } from '../../src/connections/secrets.js';
import { secretsOf } from '../../src/connections/serverUrl.js';

describe('the settings of httpConnection', () => {
  const endpoint = new Endpoint('spec', 'http://host/in');
  const lookOf = (options: object): unknown => httpSettings('spec', endpoint, options).look;

  it('should be the documented ones by default', () => {
    const { name, window, maxResponseSize, batch, headers } = httpSettings('spec', endpoint, {});
    expect({ name, window, maxResponseSize, batch, headers }).to.deep.equal({
      name: 'http://host/in',
      window: 8,
      maxResponseSize: 10_485_760,
      batch: undefined,
      headers: {},
    });
    expect(lookOf({})).to.deep.equal({ path: undefined, interval: 10_000, timeout: 5_000 });
    expect(lookOf({ health: '/h' })).to.deep.equal({ path: '/h', interval: 10_000, timeout: 5_000 });
  });
});

describe('what an HTTP connection does not show', () => {
  it('should be hidden also where one secret is a part of another, or is written as JSON', () => {
    const secrets = new Secrets(['pass', 'user:pass', 'a"b']);
    expect(secrets.redacted('user:pass pass a"b a\\"b')).to.equal('… … … …');
  });

  it('should be no user name that is a part of many words', () => {
    const { secrets } = new Endpoint('spec', 'http://e:hunter2@host/');
    expect(new Secrets(secrets).redacted('expected e:hunter2')).to.equal('expected …');
  });
});

describe('what is secret in a query', () => {
  it('should be hidden as it was written, and as a server may read it', () => {
    const secrets = secretsOf(new URL('ws://host/?a=b&&key&token=a%2Bb+c%20d%FF=&x=y'));
    expect(new Redaction(secrets).redacted('key b y a%2Bb+c%20d%FF= a+b+c d%FF= a+b c d\uFFFD=')).to.equal(
      'key b y … … …',
    );
    expect(new Redaction(secretsOf(new URL('ws://host/'))).redacted('ws://host/')).to.equal('ws://host/');
  });
});

describe('a text that somebody else wrote', () => {
  it('should be looked at only where it is shown', () => {
    const seen: number[] = [];
    const redaction = new (class extends Redaction {
      override redacted(text: string): string {
        seen.push(text.length);
        return super.redacted(text);
      }
    })(['hunter22']);
    expect(redaction.shown(`a hunter22 ${'b'.repeat(20_000_000)}`)).to.equal(`a … ${'b'.repeat(196)}`);
    expect(Math.max(...seen)).to.be.lessThan(10_000);
  });

  it('should not show a long secret where it was cut off', () => {
    const secret = Array.from({ length: 3_000 }, (_, index) => `${index} `).join('');
    const redaction = new Redaction([secret]);
    expect(redaction.shown(secret.slice(0, 9_000), true)).to.equal('');
    expect(redaction.shown(`a ${secret} b`)).to.equal('a … b');
  });
});

describe('the message of an error', () => {
  it('should be what each address said where several were tried', () => {
    const both = new AggregateError([new Error('connect ECONNREFUSED ::1'), new Error('connect ETIMEDOUT')]);
    expect(messageOf(both)).to.equal('connect ECONNREFUSED ::1, connect ETIMEDOUT');
    expect(messageOf(new AggregateError([], 'none'))).to.equal('none');
  });
});

describe('a date in Retry-After', () => {
  const zone = process.env['TZ'];

  afterEach(() => {
    process.env['TZ'] = zone;
    if (zone === undefined) {
      delete process.env['TZ'];
    }
  });

  it('should be in Greenwich time where it does not say so', () => {
    process.env['TZ'] = 'America/New_York';
    const now = Date.UTC(1994, 10, 6, 8, 49, 0);
    expect(retryAfterOf('Sun Nov  6 08:49:37 1994', undefined, now)).to.equal(37_000);
  });
});
