import { ending, selectiveEnding } from '../path-pattern.ts';
import type { Cover } from './coverage.ts';

interface Node {
  readonly literals: Map<string, Node>;
  any: Node | null;
  /** Patterns that end here. */
  readonly ends: number[];
  /** Patterns that go on with wildcards, by what stands at the very end of all their paths. */
  readonly endings: Map<string, number[]>;
  /** The other patterns that go on with wildcards. */
  readonly open: number[];
  /** Patterns that go on otherwise: they can be told to cover a pattern without placeholders only. */
  readonly odd: number[];
}

const emptyNode = (): Node => ({
  literals: new Map(),
  any: null,
  ends: [],
  endings: new Map(),
  open: [],
  odd: [],
});

/**
 * Picks, among many patterns, those that may cover one, so that not every pair has to be compared: a tree of segments,
 * made once, and the texts themselves. Whoever `coversPath` is true for is picked; `coversPath` has the last word.
 */
export class CoverIndex {
  readonly #root = emptyNode();
  readonly #byPath = new Map<string, number[]>();

  constructor(covers: readonly Cover[]) {
    for (const [index, cover] of covers.entries()) {
      listAt(this.#byPath, cover.path).push(index);
      if (!cover.slow) this.#add(cover, index);
    }
  }

  /** Their indexes, in ascending order. */
  candidates(narrow: Cover): readonly number[] {
    const found = new Set(this.#byPath.get(narrow.path));
    this.#visit(this.#root, 0, narrow, found);
    return [...found].sort((one, other) => one - other);
  }

  #add({ pattern, chunks }: Cover, index: number): void {
    let node = this.#root;
    for (const segment of pattern.leading) node = childOf(node, segment);
    const last = selectiveEnding(pattern.tail);
    if (pattern.tail.kind === 'none') node.ends.push(index);
    else if (last !== null) listAt(node.endings, last).push(index);
    else if (chunks !== null) node.open.push(index);
    else node.odd.push(index);
  }

  #visit(node: Node, depth: number, narrow: Cover, found: Set<number>): void {
    const { leading, tail } = narrow.pattern;
    const take = (indexes: readonly number[] = []) => {
      for (const index of indexes) found.add(index);
    };
    take(node.open);
    if (narrow.literal !== null) take(node.odd);
    if (node.endings.size > 0) take(node.endings.get(endOf(narrow)));
    if (depth === leading.length) {
      if (tail.kind === 'none') take(node.ends);
      return;
    }
    const segment = leading[depth] ?? null;
    const literal = segment === null ? undefined : node.literals.get(segment);
    if (literal !== undefined) this.#visit(literal, depth + 1, narrow, found);
    if (node.any !== null) this.#visit(node.any, depth + 1, narrow, found);
  }
}

function childOf(node: Node, segment: string | null): Node {
  if (segment === null) {
    node.any ??= emptyNode();
    return node.any;
  }
  const next = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, next);
  return next;
}

function listAt(lists: Map<string, number[]>, key: string): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** What all paths that a pattern matches have behind their last slash, as far as that is told by the pattern. */
function endOf({ pattern: { leading, tail } }: Cover): string {
  if (tail.kind === 'wildcard') return ending(tail.chunks.at(-1) ?? '');
  return tail.kind === 'none' ? ending(leading.at(-1) ?? '') : '';
}
