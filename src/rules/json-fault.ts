/** Where a text stops being JSON; both count from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  /** What is wrong, without a word of the text: that may hold a secret. */
  readonly reason: string;
}

type Expected = keyof typeof EXPECTED;

const EXPECTED = {
  value: 'a value',
  first: 'a value or "]"',
  name: 'a name in double quotes',
  firstName: 'a name in double quotes or "}"',
  colon: '":"',
  afterItem: '"," or "]"',
  afterField: '"," or "}"',
  end: 'the end',
} as const;

const SPACE = /[\t\n\r ]*/y;
const STRING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in a string
  /"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\x00-\x1f]*)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Finds the first place at which `JSON.parse` would not go on; `null` when it takes the text. */
export function jsonFault(text: string): JsonFault | null {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  let comma = -1;
  let at = skip(SPACE, text, 0);
  while (at < text.length) {
    const char = text.charAt(at);
    const closes = (char === ']' && opened(open) === '[') || (char === '}' && opened(open) === '{');
    if (closes && (expected === 'value' || expected === 'name') && comma >= 0) {
      return fault(text, comma, 'a comma after which nothing comes');
    }
    const step = take(text, at, expected, open);
    if (step === null) return fault(text, at, reasonAt(text, at, expected));
    comma = char === ',' ? at : -1;
    expected = step.next;
    at = skip(SPACE, text, step.end);
  }
  return expected === 'end' ? null : fault(text, at, `it ends too early: here must be ${EXPECTED[expected]}`);
}

/** One token; `null` when it is not what is expected. Keeps `open` up to date. */
function take(
  text: string,
  at: number,
  expected: Expected,
  open: ('[' | '{')[],
): { end: number; next: Expected } | null {
  const char = text.charAt(at);
  const mark = (next: Expected) => ({ end: at + 1, next });
  const closing = opened(open) === '[' ? ']' : '}';
  if (char === closing && /^(first|firstName|afterItem|afterField)$/.test(expected)) {
    open.pop();
    return mark(after(open));
  }
  if (expected === 'colon') return char === ':' ? mark('value') : null;
  if (expected === 'afterItem') return char === ',' ? mark('value') : null;
  if (expected === 'afterField') return char === ',' ? mark('name') : null;
  if (expected === 'end') return null;
  if (expected === 'name' || expected === 'firstName') return scalar(STRING, text, at, 'colon');
  if (char === '[' || char === '{') {
    open.push(char);
    return mark(char === '[' ? 'first' : 'firstName');
  }
  return scalar(char === '"' ? STRING : SCALAR, text, at, after(open));
}

function scalar(
  token: RegExp,
  text: string,
  at: number,
  next: Expected,
): { end: number; next: Expected } | null {
  const end = skip(token, text, at);
  return end === at ? null : { end, next };
}

const opened = (open: readonly ('[' | '{')[]) => open.at(-1);

function after(open: readonly ('[' | '{')[]): Expected {
  if (open.length === 0) return 'end';
  return opened(open) === '[' ? 'afterItem' : 'afterField';
}

/** @returns where the token ends; where it would begin when it is not there */
function skip(token: RegExp, text: string, at: number): number {
  token.lastIndex = at;
  return token.test(text) ? token.lastIndex : at;
}

function reasonAt(text: string, at: number, expected: Expected): string {
  if (/^(\/[/*]|#)/.test(text.slice(at, at + 2))) {
    return 'a comment, which JSON does not have: write it as a field, "//": "…"';
  }
  const broken = text.charAt(at) === '"' && /^(value|first|name|firstName)$/.test(expected);
  return broken
    ? 'a text that does not end on its line, or has an escape that JSON does not have'
    : `here must be ${EXPECTED[expected]}`;
}

function fault(text: string, at: number, reason: string): JsonFault {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1, reason };
}
