/** The sends of a small world: who is sent what, and who listens to the answer. */
import { observable, Observable, type ObservableInput, type Observer, type Subscriber } from 'rxjs';
import type { SendContext } from '../../src/index.js';
import { atSend } from './invariants.js';
import type { Known } from './known.js';
import { Flight, type Place } from './place.js';

/** Where something may happen around a send. */
type Around = 'send' | 'subscription of a send';

/** All of them. */
export class Sends {
  /** Those that were cancelled, and may answer all the same. */
  readonly cancelled: Flight[] = [];
  /** The one that was called, and is not yet heard. */
  private unheard: Flight | undefined;

  /**
   * @param known What is known of the world.
   * @param meddle What the user's code does there.
   */
  constructor(
    private readonly known: Known,
    private readonly meddle: (around: Around, flight: Flight) => void,
  ) {}

  /** The function that a connection gives to the balancer. */
  send(place: Place, events: readonly number[], context: SendContext): ObservableInput<unknown> {
    const { known } = this;
    this.forgetUnheard();
    const passages = events.flatMap((event) => known.passages[event] ?? []);
    atSend(known, place, passages, context);
    const flight = new Flight(place, passages, ++known.sends, known.clock.frame);
    place.flights.push(flight);
    known.toTheBack(place);
    this.unheard = flight;
    this.meddle('send', flight);
    if (flight.over && !flight.cancelled) {
      this.unheard = undefined;
      throw new Error(`connection "${place.name}" threw`);
    }
    switch (known.plan.sends) {
      case 'stream':
        return new Observable((subscriber) => {
          subscriber.add(() => {
            this.unsubscribed(flight);
          });
          this.heard(flight, subscriber);
        });
      case 'deaf stream':
        return this.deaf(flight);
      case 'promise':
        return this.promise(flight, context);
    }
  }

  /** A send that was cancelled before anybody listened is never listened to. */
  forgetUnheard(): void {
    const { unheard } = this;
    if (unheard !== undefined) {
      this.unheard = undefined;
      this.unsubscribed(unheard);
    }
  }

  /** An outcome may come from such a one, where it is seen that its connection is no longer up. */
  beforeOutcome(): void {
    if (this.unheard?.place.state !== 'up') {
      this.forgetUnheard();
    }
  }

  private deaf(flight: Flight): ObservableInput<unknown> {
    const subscribe = (subscriber: Subscriber<unknown>): (() => void) => {
      this.heard(flight, subscriber);
      return () => {
        this.unsubscribed(flight);
      };
    };
    return { [observable]: () => ({ subscribe }) } as unknown as ObservableInput<unknown>;
  }

  private promise(flight: Flight, { signal }: SendContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let value: unknown;
      const next = (emitted: unknown): void => {
        value = emitted;
      };
      const complete = (): void => {
        resolve(value);
      };
      if (signal.aborted) {
        this.unsubscribed(flight);
      }
      signal.addEventListener('abort', () => {
        this.unsubscribed(flight);
      });
      this.heard(flight, { next, complete, error: reject });
    });
  }

  private heard(flight: Flight, observer: Observer<unknown>): void {
    flight.observer = observer;
    if (this.unheard === flight) {
      this.unheard = undefined;
      this.meddle('subscription of a send', flight);
    }
  }

  private unsubscribed(flight: Flight): void {
    if (!flight.over) {
      this.known.isCancelled(flight);
      this.cancelled.push(flight);
    }
  }
}
