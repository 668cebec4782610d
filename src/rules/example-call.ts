import type { RuleSpec } from './accept-list.ts';
import { exampleParts } from './example-conditions.ts';
import { examplePaths } from './example-path.ts';
import { METHODS } from './rule-schema.ts';
import type { Question } from './rule-set.ts';

/**
 * Calls that a rule is about, the plainest first: each of its methods, each kind of path, each way to meet its
 * conditions. Whether the rule set allows one, and by this rule, is for `decide` to say. None where none was found: the
 * rule has a regular expression or a glob that no known text fits, or it can never match.
 */
export function exampleCalls({ method, path, valid }: RuleSpec): Question[] {
  const paths = examplePaths(path);
  const parts = exampleParts(valid);
  const methods = method === 'ANY' ? [...METHODS] : [method];
  const [firstPath] = paths;
  const [firstPart] = parts;
  const [firstMethod] = methods;
  if (firstPath === undefined || firstPart === undefined || firstMethod === undefined) return [];
  const call = (verb: string, at: string, { query, headers, body }: typeof firstPart): Question => ({
    method: verb,
    url: at + query,
    headers,
    body: body === null ? null : Buffer.from(JSON.stringify(body)),
  });
  return [
    ...methods.map((verb) => call(verb, firstPath, firstPart)),
    ...paths.slice(1).map((at) => call(firstMethod, at, firstPart)),
    ...parts.slice(1).map((part) => call(firstMethod, firstPath, part)),
  ];
}
