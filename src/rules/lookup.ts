import { ending, fills, type PathPattern, selectiveEnding, type Tail } from './path-pattern.ts';

interface Node {
  readonly literals: Map<string, Node>;
  any: Node | null;
  /** Rules whose pattern ends here. */
  readonly ends: number[];
  /** Wildcard rules by what must stand at the very end of the path, after its last slash or `%2f`. */
  readonly endings: Map<string, number[]>;
  /** The other rules whose pattern goes on here with more than plain segments. */
  readonly open: number[];
}

const emptyNode = (): Node => ({ literals: new Map(), any: null, ends: [], endings: new Map(), open: [] });

/**
 * Finds, among many patterns, those that match a path: a tree of segments, made once. Gives what trying every pattern's
 * regular expression would give, in the same order. Paths must have passed `targetFlaw`.
 */
export class Lookup {
  readonly #root = emptyNode();
  readonly #tails: readonly Tail[];
  readonly #matches: Int32Array;
  #count = 0;
  #path = '';
  /** The path in lower case, whole and without the slash at its end. */
  #lower = '';
  #trimmed = '';

  constructor(patterns: readonly PathPattern[]) {
    this.#tails = patterns.map(({ tail }) => tail);
    this.#matches = new Int32Array(patterns.length);
    for (const [index, pattern] of patterns.entries()) this.#add(pattern, index);
  }

  /** Looks a path up. @returns how many patterns match; {@link match} names them until the next look-up */
  find(path: string): number {
    this.#path = path;
    this.#lower = path.toLowerCase();
    this.#trimmed = this.#lower.endsWith('/') ? this.#lower.slice(0, -1) : this.#lower;
    this.#count = 0;
    this.#visit(this.#root, 0);
    return this.#count;
  }

  /** The index of a pattern that the last look-up found, in ascending order. */
  match(position: number): number {
    return this.#matches[position] as number;
  }

  /** Whether the path of the last look-up has an encoded slash. */
  get encodedSlash(): boolean {
    return this.#lower.includes('%2f');
  }

  #add({ leading, tail }: PathPattern, index: number): void {
    let node = this.#root;
    for (const segment of leading) {
      if (segment === null) {
        node.any ??= emptyNode();
        node = node.any;
      } else {
        const next = node.literals.get(segment) ?? emptyNode();
        node.literals.set(segment, next);
        node = next;
      }
    }
    if (tail.kind === 'none') node.ends.push(index);
    else {
      const key = selectiveEnding(tail);
      const indexes = key === null ? node.open : (node.endings.get(key) ?? []);
      indexes.push(index);
      if (key !== null) node.endings.set(key, indexes);
    }
  }

  #visit(node: Node, at: number): void {
    if (node.open.length > 0) this.#tryAll(node.open, at);
    if (node.endings.size > 0) {
      const indexes = node.endings.get(ending(this.#trimmed));
      if (indexes !== undefined) this.#tryAll(indexes, at);
    }
    const path = this.#trimmed;
    if (at >= path.length) {
      for (const index of node.ends) this.#take(index);
      return;
    }
    const slash = path.indexOf('/', at + 1);
    const end = slash < 0 ? path.length : slash;
    if (node.literals.size > 0) {
      const next = node.literals.get(path.slice(at + 1, end));
      if (next !== undefined) this.#visit(next, end);
    }
    if (node.any !== null) this.#visit(node.any, end);
  }

  #tryAll(indexes: readonly number[], at: number): void {
    for (const index of indexes) {
      const tail = this.#tails[index] as Tail;
      if (
        tail.kind === 'wildcard'
          ? fills(this.#lower, at, tail.chunks)
          : tail.kind === 'regexp' && tail.regexp.test(this.#path)
      ) {
        this.#take(index);
      }
    }
  }

  /** Keeps the matches in ascending order; they come almost sorted. */
  #take(index: number): void {
    const matches = this.#matches;
    let at = this.#count;
    while (at > 0 && (matches[at - 1] as number) > index) {
      matches[at] = matches[at - 1] as number;
      at -= 1;
    }
    matches[at] = index;
    this.#count += 1;
  }
}
