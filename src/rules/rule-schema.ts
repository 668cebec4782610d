import * as z from 'zod';
import { parseBodyPath, type Scalar } from './body-path.ts';
import { globFlaw } from './glob.ts';
import { parsePattern } from './path-pattern.ts';

/** A rule's login as the accept list has it: texts in which `${NAME}` stands for a secret. */
export type Auth =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'basic' | 'bearer' | 'token' | 'raw'; readonly token: string }
  /** Whichever credential is configured for Bitbucket. */
  | { readonly scheme: 'bitbucket' };

/** One entry of a rule's `valid`. */
export type ConditionSpec =
  | { readonly kind: 'body-value'; readonly path: string; readonly value: Scalar }
  | { readonly kind: 'body-regex'; readonly path: string; readonly regex: string }
  | { readonly kind: 'query'; readonly queryParam: string; readonly values: readonly string[] }
  | { readonly kind: 'header'; readonly header: string; readonly values: readonly string[] };

/** The methods a rule may name, and what `any` stands for. */
export const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);

/** What a broken field would look like when it is right. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  id: '"id": "projects-list"',
  purpose: '"purpose": "Lists the projects."',
  permission: '"permission": "PROJECT_VIEW"',
  method: '"method": "GET"',
  path: '"path": "/projects/:projectKey/repos"',
  origin: '"origin": "https://${BITBUCKET_API}"',
  auth: '"auth": {"scheme": "bitbucket"}',
  valid: '"valid": [{"queryParam": "at", "values": ["refs/heads/*"]}]',
  rule: '{"method": "GET", "path": "/projects", "origin": "https://${BITBUCKET_API}", "auth": {"scheme": "bitbucket"}}',
};

const text = (name: string) =>
  z
    .string({ error: `${name} must be a text` })
    .refine((value) => value.trim() !== '', { error: `${name} is empty` });

const id = text('id').regex(/^\w[\w.-]{0,99}$/, {
  error: 'id may have letters, digits, `_`, `.` and `-`, up to 100 characters',
});

const method = text('method')
  .transform((value) => value.toUpperCase())
  .refine((value) => value === 'ANY' || METHODS.has(value), {
    error: `method must be any or one of ${[...METHODS].join(', ')}`,
  });

const path = text('path')
  .transform((value) => (value.startsWith('/') ? value : `/${value}`))
  .superRefine((value, context) => {
    const flaw = patternFlaw(value);
    if (flaw !== null) context.addIssue({ code: 'custom', message: flaw });
  });

const auth = z
  .looseObject(
    {
      scheme: z.enum(['basic', 'bearer', 'token', 'raw', 'bitbucket'], {
        error: 'auth has no scheme of: bitbucket, basic, bearer, token, raw',
      }),
      username: text('auth.username').optional(),
      password: z.string({ error: 'auth.password must be a text' }).optional(),
      token: text('auth.token').optional(),
    },
    { error: 'auth must be an object' },
  )
  .transform(({ scheme, username, password, token }, context): Auth => {
    if (scheme === 'bitbucket') return { scheme };
    if (token !== undefined) return { scheme, token };
    if (scheme === 'basic' && username !== undefined && password !== undefined)
      return { scheme, username, password };
    const missing = scheme === 'basic' ? 'username and password, or a token' : 'a token';
    context.addIssue({ code: 'custom', message: `auth with the scheme ${scheme} needs ${missing}` });
    return z.NEVER;
  });

const condition = z
  .record(z.string(), z.unknown(), { error: 'a valid entry must be an object' })
  .transform((entry, context): ConditionSpec => {
    const spec = readCondition(entry);
    if (typeof spec !== 'string') return spec;
    context.addIssue({ code: 'custom', message: spec });
    return z.NEVER;
  });

/** One rule as it stands in the file; fields it does not know are kept. */
export const ruleSchema = z.looseObject(
  {
    id: id.optional(),
    purpose: text('purpose').optional(),
    permission: text('permission').optional(),
    method: method.default('GET'),
    path,
    origin: text('origin').optional(),
    auth: auth.optional(),
    valid: z.array(condition, { error: 'valid must be a list' }).default([]),
  },
  { error: 'a rule must be an object' },
);

/** The fields that a rule may have and that mean something. */
export const RULE_FIELDS: readonly string[] = Object.keys(ruleSchema.shape);

function patternFlaw(value: string): string | null {
  if (/[^\x21-\x7e]/.test(value))
    return 'path has spaces or characters beyond ASCII, which no call has: write them as %XX';
  try {
    parsePattern(value);
    return null;
  } catch (error) {
    return `path is not a pattern of path-to-regexp 1.9: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** @returns the entry, or what is wrong with it */
function readCondition(entry: Readonly<Record<string, unknown>>): ConditionSpec | string {
  const kinds = ['path', 'queryParam', 'header'].filter((key) => entry[key] !== undefined);
  if (kinds.length !== 1) return 'a valid entry must have exactly one of path, queryParam, header';
  const [kind] = kinds;
  if (kind === 'path') return readBody(entry);
  const name = entry[kind as string];
  if (typeof name !== 'string' || name === '') return `${kind} must be a text that is not empty`;
  const { values } = entry;
  if (!isTexts(values) || values.length === 0) return `${kind} "${name}" needs values, a list of texts`;
  if (kind === 'header') {
    if (name === name.toLowerCase()) return { kind: 'header', header: name, values };
    return `header "${name}" must be in lower case, as headers arrive`;
  }
  if (/[[\]]/.test(name) || name in {}) return `"${name}" cannot be the name of a query parameter`;
  for (const value of values) {
    const flaw = globFlaw(value);
    if (flaw !== null) return `queryParam "${name}" has the pattern ${JSON.stringify(value)}: ${flaw}`;
  }
  return { kind: 'query', queryParam: name, values };
}

function readBody({ path, value, regex }: Readonly<Record<string, unknown>>): ConditionSpec | string {
  if (typeof path !== 'string' || parseBodyPath(path) === null) {
    return 'path in valid must be names with dots between them, * for any, as in commits.*.id';
  }
  if ((value === undefined) === (regex === undefined))
    return `path "${path}" needs either a value or a regex`;
  if (regex === undefined) {
    const usable = (typeof value === 'string' || Number.isFinite(value) || value === true) && Boolean(value);
    return usable
      ? { kind: 'body-value', path, value: value as Scalar }
      : `path "${path}" needs a value that is not empty, 0 or false`;
  }
  if (typeof regex !== 'string' || regex === '')
    return `regex of path "${path}" must be a text that is not empty`;
  try {
    new RegExp(regex);
    return { kind: 'body-regex', path, regex };
  } catch (error) {
    return `regex of path "${path}": ${error instanceof Error ? error.message : String(error)}`;
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
