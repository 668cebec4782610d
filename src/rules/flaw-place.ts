import { pathEnd, type TargetFlaw, targetFlaw } from './target.ts';

/** What each flaw looks like. They find places only: that there is a flaw is for `targetFlaw` to say. */
const LOOKS: Readonly<Record<Exclude<TargetFlaw, 'bad-url' | 'invalid-utf8'>, RegExp>> = {
  'dot-segment': /(?<=\/|%2f)(?:\.|%2e){1,2}(?=\/|%2f|$)/i,
  'path-parameter': /;|%3b/i,
  fragment: /#/,
  'encoded-percent': /%25/,
  'malformed-percent': /%(?![0-9a-f]{2})/i,
  backslash: /\\|%5c/i,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  'control-character': /[\x00-\x20\x7f]|%[01][0-9a-f]|%7f|%c2%[89][0-9a-f]/i,
  'illegal-character': /["<>^`{}]/,
  'empty-segment': /(?<=\/|%2f)(?:\/|%2f)/i,
  'non-ascii': /[\u0080-\uffff]/,
};
const ENCODED_RUN = /(?:%[89a-f][0-9a-f])+/gi;

/** What is wrong with a url, and at which of its characters, counted from 0; `null` when nothing is. */
export function flawPlace(url: string): { readonly flaw: TargetFlaw; readonly at: number } | null {
  const flaw = targetFlaw(url);
  if (flaw === null) return null;
  if (flaw === 'bad-url') return { flaw, at: 0 };
  const path = url.slice(0, pathEnd(url));
  if (flaw === 'invalid-utf8') return { flaw, at: brokenSequence(path) };
  const inPath = path.search(LOOKS[flaw]);
  const at = inPath < 0 ? path.length + url.slice(path.length).search(LOOKS[flaw]) : inPath;
  return { flaw, at };
}

/** Where the first encoded bytes stand that are not UTF-8. */
function brokenSequence(path: string): number {
  for (const { 0: run, index } of path.matchAll(ENCODED_RUN)) {
    for (let at = 0; at < run.length; ) {
      const width = [2, 3, 4].find((count) => isUtf8(run.slice(at, at + count * 3)));
      if (width === undefined) return index + at;
      at += width * 3;
    }
  }
  return 0;
}

function isUtf8(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}
