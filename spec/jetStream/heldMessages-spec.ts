/** The messages that are here, and of which of them the server has to hear when. */
import { expect } from 'chai';
import { asyncScheduler } from 'rxjs';
import { HeldMessages, type HeldMessage } from '../../src/jetStream/heldMessages.js';
import { fakeTime } from './fakeTime.js';
import { messages, ScriptedMessage } from './scriptedMessage.js';

describe('HeldMessages', () => {
  const time = fakeTime();
  let due: string[] = [];
  let onDue: (held: HeldMessage) => void = () => undefined;
  let held: HeldMessages;

  beforeEach(() => {
    due = [];
    onDue = () => undefined;
    held = new HeldMessages(1_000, asyncScheduler, (one) => {
      due.push(`${one.message.seq} @${Date.now()}`);
      onDue(one);
    });
  });

  it('has each message once, however often it is delivered, and the latest delivery of it', () => {
    const first = held.add(new ScriptedMessage(1));
    const again = new ScriptedMessage(1, 2);
    expect(first?.stage).to.equal('new');
    expect(held.add(again)).to.equal(undefined);
    expect(held.size).to.equal(1);
    expect(first?.message).to.equal(again);
    expect(held.get(1)).to.equal(first);
    expect(held.all()).to.deep.equal([first]);
    held.stop();
  });

  it('no longer has what is deleted', () => {
    held.add(new ScriptedMessage(1));
    held.delete(1);
    held.delete(2);
    expect(held.size).to.equal(0);
    expect(held.get(1)).to.equal(undefined);
    held.stop();
  });

  it('keeps the stage of a message that is delivered again', () => {
    const first = held.add(new ScriptedMessage(1));
    Object.assign(first ?? {}, { stage: 'taken' });
    held.add(new ScriptedMessage(1, 2));
    expect(held.get(1)?.stage).to.equal('taken');
    held.stop();
  });

  it('tells of a message exactly when its time is over, and again and again', async () => {
    held.add(new ScriptedMessage(1));
    await time.pass(999);
    expect(due).to.deep.equal([]);
    await time.pass(1);
    expect(due).to.deep.equal(['1 @1000']);
    await time.pass(2_500);
    expect(due).to.deep.equal(['1 @1000', '1 @2000', '1 @3000']);
    held.stop();
  });

  it('tells of each at its own time', async () => {
    held.add(new ScriptedMessage(1));
    await time.pass(300);
    held.add(new ScriptedMessage(2));
    held.add(new ScriptedMessage(3));
    await time.pass(2_200);
    expect(due).to.deep.equal(['1 @1000', '2 @1300', '3 @1300', '1 @2000', '2 @2300', '3 @2300']);
    held.stop();
  });

  it('begins anew when a message is delivered again: the server knows of it', async () => {
    held.add(new ScriptedMessage(1));
    held.add(new ScriptedMessage(2));
    await time.pass(600);
    held.add(new ScriptedMessage(1, 2));
    await time.pass(1_000);
    expect(due).to.deep.equal(['2 @1000', '1 @1600']);
    held.stop();
  });

  it('tells of none that has been deleted', async () => {
    held.add(new ScriptedMessage(1));
    held.add(new ScriptedMessage(2));
    await time.pass(500);
    held.delete(1);
    await time.pass(600);
    expect(due).to.deep.equal(['2 @1000']);
    held.delete(2);
    await time.pass(10_000);
    expect(due).to.deep.equal(['2 @1000']);
    time.expectNoTimers();
  });

  it('goes on where one is deleted that it tells of', async () => {
    onDue = ({ message }) => held.delete(message.seq);
    held.add(new ScriptedMessage(1));
    held.add(new ScriptedMessage(2));
    await time.pass(5_000);
    expect(due).to.deep.equal(['1 @1000', '2 @1000']);
    time.expectNoTimers();
  });

  it('tells nobody anything after stop(), whatever comes then', async () => {
    held.add(new ScriptedMessage(1));
    held.stop();
    held.add(new ScriptedMessage(2));
    time.expectNoTimers();
    await time.pass(5_000);
    expect(due).to.deep.equal([]);
  });

  it('needs one timer for ten thousand messages, and tells of each once', async () => {
    for (const message of messages(1, 10_000)) {
      held.add(message);
    }
    expect(time.timers).to.equal(1);
    await time.pass(1_000);
    expect(due).to.deep.equal(messages(1, 10_000).map(({ seq }) => `${seq} @1000`));
    expect(time.timers).to.equal(1);
    held.stop();
  });
});
