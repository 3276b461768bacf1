/** A timer that tells beforehand how long it is, and notifiers that cannot. */
import { expect } from 'chai';
import { EMPTY } from 'rxjs';
import { delayOf, lengthOf } from '../../src/internal/delay.js';

describe('the length of a delay', () => {
  it('should be told beforehand', () => {
    expect(lengthOf(delayOf(30))).to.equal(30);
  });

  it('should be unknown of a notifier that does not say it in a number', () => {
    expect(lengthOf(EMPTY)).to.equal(undefined);
    expect(lengthOf(Object.assign(EMPTY.pipe(), { milliseconds: 'soon' }))).to.equal(undefined);
  });
});
