/** Every argument and option of every public function, with every odd value: it is legal, or refused at the call (R24). */
import { expect } from 'chai';
import { balancerPlaces, publishPlaces } from './balancerPlaces.js';
import { makerPlaces } from './makerPlaces.js';
import { jetStreamPlaces } from './jetStreamPlaces.js';
import { readyPlaces } from './readyPlaces.js';
import { nameOf, touched } from './place.js';
import { expectClear, refusalOf } from './refusal.js';
import { closedObjects, functions, oddValues, OwnError, type OddValue } from './values.js';

describe('R24: bad input', () => {
  for (const place of [
    ...balancerPlaces,
    ...publishPlaces,
    ...makerPlaces,
    ...readyPlaces,
    ...jetStreamPlaces,
  ]) {
    describe(nameOf(place), () => {
      const safe = [...oddValues, ...functions];
      const isLegal = ({ make }: OddValue): boolean => place.takes(make());

      it('should refuse at the call what is not what it should be, and open nothing', async () => {
        for (const { what, make } of safe.filter((odd) => !isLegal(odd))) {
          touched.times = 0;
          const error = await refusalOf(() => place.put(make()));
          expect(error, `${what} was taken`).to.not.equal(undefined);
          expectClear(error, place);
          expect(touched.times, what).to.equal(0);
        }
      });

      const legal = safe.filter(isLegal);
      if (legal.length > 0) {
        it(`should take ${legal.map(({ what }) => what).join(', ')}`, async () => {
          for (const { what, make } of legal) {
            expect(await refusalOf(() => place.put(make())), what).to.equal(undefined);
          }
        });
      }

      it('should throw nothing but such an error, or what an object itself throws when it is looked into', async () => {
        for (const { what, make } of closedObjects) {
          const error = await refusalOf(() => place.put(make()));
          if (error !== undefined && !(error instanceof OwnError)) {
            expect(error, what).to.be.an('error');
            expectClear(error, place);
          }
        }
      });
    });
  }
});
