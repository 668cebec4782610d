import pathToRegexp from 'path-to-regexp';

/** What is passed over as a whole: an escaped character, a class, and how a group begins. */
const WHOLE = /\\.|\[(?:[^\]\\]|\\.)*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?/sy;
const OPEN_REPEAT = /[*+]|\{\d+,\}/y;
const REPEAT = /[*+]|\{\d+,\d*\}/y;
/** The same alternative twice in a group that is repeated. */
const DOUBLED = /\((?:\?:)?([^()|]+)\|\1\)(?:[+*]|\{\d+,\d*\})/;

/** Whether a regular expression has a repeat inside a repeat, which may take time that doubles with each character. */
export const looksExponential = (regex: string): boolean => hasNestedRepeat(regex) || DOUBLED.test(regex);

/** A group, at whatever depth, with an open repeat inside that is repeated itself. */
function hasNestedRepeat(regex: string): boolean {
  /** Of each group that is open: whether there is an open repeat in it. */
  const groups: boolean[] = [];
  const note = () => {
    if (groups.length > 0) groups[groups.length - 1] = true;
  };
  for (let at = 0; at < regex.length; ) {
    const whole = matchAt(WHOLE, regex, at);
    if (whole?.startsWith('(') === true) groups.push(false);
    if (regex[at] === ')') {
      const repeats = groups.pop() === true;
      if (repeats && matchAt(REPEAT, regex, at + 1) !== null) return true;
      if (repeats) note();
    }
    if (whole === null && matchAt(OPEN_REPEAT, regex, at) !== null) note();
    at += whole?.length ?? 1;
  }
  return false;
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** The same of a path pattern: a repeated placeholder whose own pattern takes the slash that parts its repeats. */
export const slowPath = (path: string): boolean =>
  exponentialPath(path) ||
  pathToRegexp
    .parse(path)
    .some(
      (token) =>
        typeof token === 'object' && token.repeat && new RegExp(`^(?:${token.pattern})$`).test('a/a'),
    );

/** A path pattern that may take long for short paths too. */
export const exponentialPath = (path: string): boolean =>
  pathToRegexp.parse(path).some((token) => typeof token === 'object' && looksExponential(token.pattern));
