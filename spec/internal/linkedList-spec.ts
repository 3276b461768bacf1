/** The list through the items themselves. */
import { expect } from 'chai';
import { LinkedList, type Linked } from '../../src/internal/linkedList.js';

class Node implements Linked<Node> {
  previous: Node | undefined;
  next: Node | undefined;
  constructor(readonly name: string) {}
}

const listOf = (...nodes: Node[]): LinkedList<Node> => {
  const list = new LinkedList<Node>();
  for (const node of nodes) {
    list.push(node);
  }
  return list;
};

const names = (list: LinkedList<Node>): string => {
  let found = '';
  for (let node = list.first; node !== undefined; node = node.next) {
    found += node.name;
  }
  return found;
};

describe('LinkedList', () => {
  const [a, b, c] = [new Node('a'), new Node('b'), new Node('c')] as const;

  for (const [removed, left, first, last] of [
    [a, 'bc', b, c],
    [b, 'ac', a, c],
    [c, 'ab', a, b],
  ] as const) {
    it(`goes on without ${removed.name}`, () => {
      const list = listOf(a, b, c);
      list.remove(removed);
      expect([names(list), list.first, list.last, list.length]).to.deep.equal([left, first, last, 2]);
      expect(list.has(removed)).to.equal(false);
      for (const node of [a, b, c]) {
        if (node !== removed) {
          list.remove(node);
        }
      }
      expect([list.first, list.last, list.length]).to.deep.equal([undefined, undefined, 0]);
    });
  }

  for (const [before, order] of [
    [undefined, 'cab'],
    [a, 'acb'],
    [b, 'abc'],
  ] as const) {
    it(`takes one in behind ${before?.name ?? 'nobody'}`, () => {
      const list = listOf(a, b);
      list.insert(c, before);
      expect([names(list), list.first?.name, list.last?.name, list.length]).to.deep.equal([
        order,
        order.at(0),
        order.at(-1),
        3,
      ]);
      let backwards = '';
      for (let node = list.last; node !== undefined; node = node.previous) {
        backwards = node.name + backwards;
      }
      expect(backwards).to.equal(order);
      for (const node of [a, b, c]) {
        list.remove(node);
      }
    });
  }

  it('knows its only item', () => {
    const list = listOf(a);
    expect(list.has(a)).to.equal(true);
    list.remove(a);
    expect(list.has(a)).to.equal(false);
  });
});
