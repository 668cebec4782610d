import pathToRegexp from 'path-to-regexp';

/** A group with an open repeat inside that is repeated itself. */
const NESTED = /\((?:[^()\\]|\\.)*(?:[+*]|\{\d+,\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\d*\})/;
/** The same alternative twice in a group that is repeated. */
const DOUBLED = /\((?:\?:)?([^()|]+)\|\1\)(?:[+*]|\{\d+,\d*\})/;

/** Whether a regular expression has a repeat inside a repeat, which may take time that doubles with each character. */
export const looksExponential = (regex: string): boolean => NESTED.test(regex) || DOUBLED.test(regex);

/** The same of a path pattern: a repeated placeholder whose own pattern takes the slash that parts its repeats. */
export const slowPath = (path: string): boolean =>
  pathToRegexp
    .parse(path)
    .some(
      (token) =>
        typeof token === 'object' &&
        (looksExponential(token.pattern) ||
          (token.repeat && new RegExp(`^(?:${token.pattern})$`).test('a/a'))),
    );
