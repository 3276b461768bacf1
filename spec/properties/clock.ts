/** A virtual clock that is run action by action, so that something can be looked at after each. */
import { VirtualTimeScheduler } from 'rxjs';

/** RxJS's virtual scheduler, one action at a time. */
export class Clock extends VirtualTimeScheduler {
  /** How many actions are still to come. */
  get pending(): number {
    return this.actions.length;
  }

  /** Runs the next action; false when there is none. */
  step(): boolean {
    const action = this.actions.shift();
    if (action === undefined) {
      return false;
    }
    this.frame = action.delay;
    const error: unknown = action.execute(action.state, action.delay);
    if (error !== undefined) {
      throw new Error('an action failed', { cause: error });
    }
    return true;
  }
}
