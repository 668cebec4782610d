import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';

/** The YAML parser's own words may quote the text, and with it a secret; these do not. */
const FAULTS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'a field occurs twice in one object',
  BAD_INDENT: 'is not indented as it should be',
  MISSING_CHAR: 'a character is missing, such as a comma, a quote or a bracket',
  UNEXPECTED_TOKEN: 'something stands here that does not belong here',
  TAB_AS_INDENT: 'is indented with a tab',
  BAD_ALIAS: 'an alias (*name) leads nowhere',
};

/** An accept list as text with places in it: YAML, and so JSON too. */
export class AcceptDocument {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document;

  /** @param file its name for messages */
  constructor(text: string, file: string) {
    this.#file = file;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: true,
      uniqueKeys: (a, b) => isScalar(a) && isScalar(b) && a.value === b.value && a.value !== '//',
    });
  }

  /** What the parser finds wrong, in words that quote nothing. */
  faults(): { readonly where: string; readonly reason: string }[] {
    return this.#document.errors.map(({ code, pos }) => {
      const { line, col } = this.#lines.linePos(pos[0]);
      const reason = FAULTS[code] ?? `is no valid YAML here (${code})`;
      return { where: `${this.#file} (line ${line}, column ${col})`, reason };
    });
  }

  /** It is whole, but for fields that occur twice. */
  get readable(): boolean {
    return this.#document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  }

  /** As plain values. @throws Error when its aliases lead nowhere or into themselves, or it is nested too deep */
  content(): unknown {
    return this.#document.toJS();
  }

  /** `FILE, private rule 3 (line 41)`: of something in a rule, or of the rule where that is not there. */
  where(rule: readonly [list: string, index: number], inside: readonly PropertyKey[] = []): string {
    const node = this.#nodeAt([...rule, ...inside]) ?? this.#nodeAt(rule);
    const line = node?.range == null ? '' : ` (line ${this.#lines.linePos(node.range[0]).line})`;
    return `${this.#file}, ${rule[0]} rule ${rule[1] + 1}${line}`;
  }

  /** A rule's `"//"` texts, a line each: there may be several. `null`: it has none. */
  comments(rule: readonly [list: string, index: number]): string | null {
    const node = this.#document.getIn(rule, true);
    if (!isMap(node)) return null;
    const texts = node.items
      .filter(({ key }) => isScalar(key) && key.value === '//')
      .flatMap(({ value }) => (isScalar(value) ? [String(value.value)] : []));
    return texts.length === 0 ? null : texts.join('\n');
  }

  #nodeAt(path: readonly PropertyKey[]): Node | undefined {
    try {
      return this.#document.getIn(path, true) as Node | undefined;
    } catch {
      return undefined;
    }
  }
}
