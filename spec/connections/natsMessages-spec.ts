/** What is written of a message of NATS: what it carries, and nothing of itself. */
import { expect } from 'chai';
import { RejectedError } from '../../src/index.js';
import { encoded, jsonText } from '../../src/connections/encoding.js';
import { ScriptedMessage } from '../jetStream/scriptedMessage.js';

/** A message with this body. */
function messageWith(body: string): { readonly data: Uint8Array; string(): string } {
  return { data: new TextEncoder().encode(body), string: () => body };
}

describe('As JSON, a message of NATS', () => {
  it('is what it carries, as it is: numbers that JavaScript cannot hold included', () => {
    expect(jsonText(messageWith('{ "id": 17, "tags": ["a"] }'))).to.equal('{ "id": 17, "tags": ["a"] }');
    expect(jsonText(messageWith('12345678901234567890'))).to.equal('12345678901234567890');
    expect(jsonText(messageWith('null'))).to.equal('null');
    expect(jsonText(new ScriptedMessage(5))).to.equal('5');
  });

  it('is one line', () => {
    expect(jsonText(messageWith('{\n  "id": 17\r\n}'))).to.equal('{"id":17}');
    expect(jsonText(messageWith('\r17'))).to.equal('17');
  });

  it('is rejected when it carries something else', () => {
    expect(() => jsonText(messageWith('no JSON'))).to.throw(SyntaxError);
    expect(() => encoded(jsonText, messageWith('no JSON'))).to.throw(RejectedError, 'cannot encode: ');
  });

  it('is known by both its body and its reader: other events are written as they are', () => {
    const string = (): string => 'not asked';
    expect(jsonText({ id: 1, string })).to.equal('{"id":1}');
    expect(jsonText({ data: new Uint8Array([7]) })).to.equal('{"data":{"0":7}}');
    expect(jsonText({ data: 'text', string })).to.equal('{"data":"text"}');
    expect(jsonText(null)).to.equal('null');
    expect(() => jsonText(undefined)).to.throw(
      TypeError,
      'expected an event that JSON can write, got undefined',
    );
  });
});
