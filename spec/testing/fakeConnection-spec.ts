/** The connection that is drawn as marbles. */
import { expect } from 'chai';
import { asyncScheduler, EMPTY, filter, from, map, of, type Observable } from 'rxjs';
import { isDelivered, loadBalance, type ItemResult, type SendContext } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const context: SendContext = { attempt: 1, signal: new AbortController().signal };

describe('fakeConnection', () => {
  describe('its states', () => {
    const states = { c: 'connecting', u: 'up', d: 'down' };

    it('are its marbles', () => {
      run(({ expectObservable }) => {
        const drawn = '   c-u---d-(cu)-|';
        const expected = 'c-u---d-(cu)-|';
        expectObservable(fakeConnection(drawn, '').state$).toBe(expected, states);
      });
    });

    it('may be drawn with spaces and with times', () => {
      run(({ expectObservable }) => {
        expectObservable(fakeConnection('c 2ms u 1s |', '').state$).toBe('c--u 1s |', states);
      });
    });

    it('break the connection with #', () => {
      run(({ expectObservable }) => {
        const error = new Error('reset');
        expectObservable(fakeConnection('u--#', '').state$).toBe('u--#', states, 'error');
        expectObservable(fakeConnection('u--#', '', { error }).state$).toBe('u--#', states, error);
      });
    });

    it('never come when nothing is drawn', () => {
      run(({ expectObservable }) => {
        expectObservable(fakeConnection('', '').state$).toBe('');
      });
    });

    it('begin anew with every opening', () => {
      run(({ expectObservable }) => {
        const { state$ } = fakeConnection('c-u', '');
        expectObservable(state$).toBe('c-u', states);
        expectObservable(state$, '---^').toBe('---c-u', states);
      });
    });

    it('tell when it was opened, and when it was closed', () => {
      run(({ expectObservable, flush }) => {
        const fake = fakeConnection('u', '');
        expectObservable(fake.state$, ' -^--!').toBe('-u', states);
        expectObservable(fake.state$, ' ------^!').toBe('------u', states);
        flush();
        expect(fake.opened).to.deep.equal([1, 6]);
        expect(fake.closed).to.deep.equal([4, 7]);
      });
    });

    it('tell that it was closed when it broke or completed', () => {
      run(({ expectObservable, flush }) => {
        const broken = fakeConnection('u-#', '');
        const completed = fakeConnection('u---|', '');
        expectObservable(broken.state$).toBe('u-#', states);
        expectObservable(completed.state$).toBe('u---|', states);
        flush();
        expect(broken.closed).to.deep.equal([2]);
        expect(completed.closed).to.deep.equal([4]);
      });
    });

    it('leave no timer behind when it is closed', () => {
      run(({ flush }) => {
        let emitted = 0;
        const subscription = fakeConnection('u-u-u', '').state$.subscribe(() => emitted++);
        asyncScheduler.schedule(() => {
          subscription.unsubscribe();
        }, 1);
        flush();
        expect(emitted).to.equal(1);
      });
    });

    it('must be states', () => {
      run(() => {
        expect(() => fakeConnection('c-x', '')).to.throw(Error, 'x');
      });
    });
  });

  describe('its answers', () => {
    it('are its marbles, counted from each send', () => {
      run(({ expectObservable }) => {
        const fake = fakeConnection('u', '-a(r|)');
        expectObservable(from(fake.send('x', context))).toBe('-a(r|)');
        expectObservable(from(fake.send('y', context)), '---^').toBe('----a(r|)');
      });
    });

    it('are the values that its letters stand for', () => {
      run(({ expectObservable }) => {
        const fake = fakeConnection('u', '-(r|)', { values: { r: 42 } });
        expectObservable(from(fake.send('x', context))).toBe('-(v|)', { v: 42 });
      });
    });

    it('fail with #', () => {
      run(({ expectObservable }) => {
        const error = new Error('refused');
        expectObservable(from(fakeConnection('u', '--#').send('x', context))).toBe('--#');
        expectObservable(from(fakeConnection('u', '--#', { error }).send('x', context))).toBe(
          '--#',
          undefined,
          error,
        );
      });
    });

    it('never come when nothing is drawn', () => {
      run(({ expectObservable }) => {
        expectObservable(from(fakeConnection('u', '').send('x', context))).toBe('');
      });
    });

    it('may be given by a function of the event and its context', () => {
      run(({ expectObservable }) => {
        const asked: unknown[] = [];
        const answer$ = of(1);
        const fake = fakeConnection('u', (event: string, given) => {
          asked.push(event, given);
          return answer$;
        });
        const answered = fake.send('x', context);
        expect(answered).to.equal(answer$);
        expect(asked).to.deep.equal(['x', context]);
        expectObservable(answer$).toBe('(v|)', { v: 1 });
      });
    });

    it('pass on what the function throws', () => {
      run(() => {
        const fake = fakeConnection('u', () => {
          throw new Error('thrown');
        });
        expect(() => fake.send('x', context)).to.throw('thrown');
        expect(fake.sent).to.have.length(1);
      });
    });

    it('are logged: when, which event, which attempt', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a---b|');
        const expected = '          --a---(b|)';
        const flaky = fakeConnection<string>('u', (event, { attempt }) =>
          cold(event === 'b' && attempt === 1 ? '#' : '--(r|)'),
        );
        const result$ = source.pipe(
          loadBalance([flaky], { reconnectDelay: 0 }),
          map(({ event }) => event),
        );
        expectObservable(result$).toBe(expected);
        flush();
        expect(flaky.sent).to.deep.equal([
          { frame: 0, event: 'a', attempt: 1 },
          { frame: 4, event: 'b', attempt: 1 },
          { frame: 4, event: 'b', attempt: 2 },
        ]);
      });
    });
  });

  describe('its config', () => {
    it('is optional: it is called fake, and says nothing of a window or of failures', () => {
      run(() => {
        const fake = fakeConnection('u', '');
        expect(fake.name).to.equal('fake');
        expect(fake).to.not.have.any.keys('window', 'classify', 'batch');
      });
    });

    it('is passed on', () => {
      run(() => {
        const classify = () => 'temporary' as const;
        const fake = fakeConnection('u', '', { name: 'here', window: 3, classify });
        expect(fake).to.include({ name: 'here', window: 3, classify });
      });
    });

    it('may have a stream as window', () => {
      run(() => {
        const window = of(1, 2);
        expect(fakeConnection('u', '', { window }).window).to.equal(window);
      });
    });
  });

  describe('with a batch', () => {
    it('is a connection for batches', () => {
      run(() => {
        const fake = fakeConnection<string, number>('u', '', { batch: { size: 3, linger: 5 } });
        expect(fake.batch).to.include({ size: 3, linger: 5 });
        expect(fake).to.not.have.property('send');
      });
    });

    it('answers with its marbles', () => {
      run(({ expectObservable }) => {
        const results: ItemResult<number>[] = [{ index: 0, status: 'delivered', value: 1 }];
        const fake = fakeConnection<string, number>('u', '-(r|)', {
          batch: { size: 3 },
          values: { r: results },
        });
        expectObservable(from(fake.batch.send(['x'], context))).toBe('-(v|)', { v: results });
      });
    });

    it('logs what it sends', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (abc|)');
        const expected = '          --a-(bc|)';
        const fake = fakeConnection<string, number>('u', () => cold('--|'), { batch: { size: 2 } });
        const result$ = source.pipe(
          loadBalance([fake]),
          map(({ event }) => event),
        );
        expectObservable(result$).toBe(expected);
        flush();
        expect(fake.sent).to.deep.equal([
          { frame: 0, event: ['a'], attempt: 1 },
          { frame: 2, event: ['b', 'c'], attempt: 1 },
        ]);
      });
    });
  });

  it('runs the picture of its own comment', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         ab|');
      const expected = '            ----x-(y|)';
      const fake = fakeConnection<string>('c-u', '--(r|)');
      const result$ = source.pipe(
        loadBalance([fake]),
        map(({ event }) => event),
      );
      expectObservable(result$).toBe(expected, { x: 'a', y: 'b' });
      flush();
      expect(fake.sent.map(({ frame }) => frame)).to.deep.equal([2, 4]);
    });
  });

  it('runs the example of its own comment', () => {
    run(({ cold, expectObservable }) => {
      const busy = fakeConnection<string>('u', '----(r|)', { name: 'busy' });
      const quick = fakeConnection<string>('u', '--(r|)', { name: 'quick' });
      const where$: Observable<string> = cold('abc|').pipe(
        loadBalance([busy, quick]),
        filter(isDelivered),
        map(({ event, connection }) => `${event}: ${connection}`),
      );
      expectObservable(where$).toBe('---xy(z|)', { x: 'b: quick', y: 'a: busy', z: 'c: quick' });
    });
  });

  it('may answer without a value', () => {
    run(({ expectObservable }) => {
      expectObservable(from(fakeConnection('u', () => EMPTY).send('x', context))).toBe('|');
    });
  });

  it('is for TestScheduler.run only', () => {
    expect(() => fakeConnection('u', '-(r|)')).to.throw(
      Error,
      'fakeConnection: expected to be called inside TestScheduler.run',
    );
  });
});
