/** The guards that tell deliveries from drops. */
import { expect } from 'chai';
import { filter, of } from 'rxjs';
import { isDelivered, isDropped, type DropReason, type Outcome } from '../src/index.js';

const delivered: Outcome<string, number> = {
  status: 'delivered',
  event: 'a',
  value: 1,
  connection: 'here',
  attempts: 1,
};
const dropped = (reason: DropReason): Outcome<string, number> => ({
  status: 'dropped',
  event: 'b',
  reason,
  error: new Error(reason),
  attempts: 2,
  failures: [],
});
const reasons: DropReason[] = ['attempts', 'no-connection', 'rejected', 'overflow', 'closed'];

describe('isDelivered', () => {
  it('tells that a delivery is one', () => {
    expect(isDelivered(delivered)).to.equal(true);
  });

  it('tells so whatever the value is', () => {
    expect(isDelivered({ ...delivered, value: undefined })).to.equal(true);
    expect(isDelivered({ ...delivered, value: 0 })).to.equal(true);
  });

  for (const reason of reasons) {
    it(`tells that a drop is none: ${reason}`, () => {
      expect(isDelivered(dropped(reason))).to.equal(false);
    });
  }

  it('leaves the deliveries in a filter', () => {
    const passed: Outcome<string, number>[] = [];
    of(dropped('closed'), delivered, dropped('attempts'))
      .pipe(filter(isDelivered))
      .subscribe((outcome) => passed.push(outcome));
    expect(passed).to.deep.equal([delivered]);
  });
});

describe('isDropped', () => {
  it('tells that a delivery is none', () => {
    expect(isDropped(delivered)).to.equal(false);
  });

  for (const reason of reasons) {
    it(`tells that a drop is one: ${reason}`, () => {
      expect(isDropped(dropped(reason))).to.equal(true);
    });
  }

  it('leaves the drops in a filter', () => {
    const passed: DropReason[] = [];
    of(dropped('closed'), delivered, dropped('attempts'))
      .pipe(filter(isDropped))
      .subscribe(({ reason }) => passed.push(reason));
    expect(passed).to.deep.equal(['closed', 'attempts']);
  });
});
