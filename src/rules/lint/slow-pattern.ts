/** A group with a repeat inside that is repeated itself. */
const NESTED = /\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\d*\})/;
/** The same alternative twice in a group that is repeated. */
const DOUBLED = /\((?:\?:)?([^()|]+)\|\1\)(?:[+*]|\{\d+,\d*\})/;

/** Whether a regular expression has a repeat inside a repeat, which may take time that doubles with each character. */
export const looksExponential = (pattern: string): boolean => NESTED.test(pattern) || DOUBLED.test(pattern);
