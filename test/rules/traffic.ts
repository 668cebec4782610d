import type { Question } from '../../src/rules/rule-set.ts';
import {
  BODY_PATHS,
  BODY_VALUES,
  GLOBS,
  HEADER_VALUES,
  HEADERS,
  LEAVES,
  METHODS,
  PATH_INSERTS,
  QUERY_INSERTS,
  REGEXES,
  SEGMENTS,
  VALUES,
} from './pieces.ts';
import type { Random } from './random.ts';

/** A rule as an accept list has it. */
export interface RawRule {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly origin: string;
  readonly valid?: readonly Readonly<Record<string, unknown>>[];
}

/** Any of a few rules, in an order of their own. */
export function someRules(random: Random): RawRule[] {
  return random
    .times(3 + random.number(8), () => someRule(random))
    .map((rule, index) => ({ ...rule, id: `r${index}` }));
}

function someRule(random: Random): RawRule {
  const path = random.times(1 + random.number(4), () => random.pick(SEGMENTS)[0]).join('');
  const valid = random.chance(40)
    ? random.times(1 + random.number(3), () => someCondition(random))
    : undefined;
  const rule = {
    id: '',
    method: random.pick(METHODS),
    path: random.chance(10) ? `${path}/` : path,
    origin: 'https://bitbucket.test',
  };
  return valid === undefined ? rule : { ...rule, valid };
}

function someCondition(random: Random): Readonly<Record<string, unknown>> {
  switch (random.number(5)) {
    case 0:
      return { path: random.pick(BODY_PATHS), value: random.pick(BODY_VALUES) };
    case 1:
      return { path: random.pick(BODY_PATHS), regex: random.pick(REGEXES) };
    case 2:
      return {
        header: random.pick(HEADERS),
        values: random.times(1 + random.number(2), () => random.pick(HEADER_VALUES)),
      };
    default:
      return {
        queryParam: random.pick(['at', 'q', 'limit']),
        values: random.times(1 + random.number(3), () => random.pick(GLOBS)),
      };
  }
}

/** A call that comes close to one of the rules, and often matches it. */
export function someCall(random: Random, rules: readonly RawRule[]): Question {
  const rule = random.pick(rules);
  const method =
    random.chance(85) && rule.method.toLowerCase() !== 'any' ? rule.method.toUpperCase() : someMethod(random);
  let path = fill(random, rule.path);
  let query = someQuery(random, rule);
  for (let left = random.chance(45) ? 1 + random.number(2) : 0; left > 0; left -= 1) {
    if (random.chance(75)) path = mutate(random, path, PATH_INSERTS);
    else query = mutate(random, query === '' ? '?' : query, QUERY_INSERTS);
  }
  return { method, url: path + query, headers: someHeaders(random), body: someBody(random, rule) };
}

const someMethod = (random: Random): string =>
  random.pick(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const ORDERED = [...SEGMENTS].sort(([a], [b]) => b.length - a.length);

function fill(random: Random, pattern: string): string {
  let path = '';
  for (let rest = pattern; rest !== ''; ) {
    const piece = ORDERED.find(
      ([text]) => rest.startsWith(text) && (rest.length === text.length || rest[text.length] === '/'),
    );
    if (piece === undefined) {
      path += random.chance(50) ? rest : '';
      break;
    }
    const [text, ...matches] = piece;
    path += random.pick(matches);
    rest = rest.slice(text.length);
  }
  return random.chance(10) ? `${path}/` : path || '/';
}

function mutate(random: Random, text: string, inserts: readonly string[]): string {
  const at = random.number(text.length + 1);
  switch (random.number(6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random.number(3));
    case 1:
      return text.slice(0, at) + text.slice(at).toUpperCase();
    case 2: {
      const character = text[at];
      if (character === undefined) return text;
      return `${text.slice(0, at)}%${character.charCodeAt(0).toString(16).padStart(2, '0')}${text.slice(at + 1)}`;
    }
    default:
      return text.slice(0, at) + random.pick(inserts) + text.slice(at);
  }
}

function someQuery(random: Random, rule: RawRule): string {
  const names = new Set(['at', 'q', 'limit'].filter(() => random.chance(15)));
  for (const { queryParam } of rule.valid ?? []) {
    if (typeof queryParam === 'string' && random.chance(90)) names.add(queryParam);
  }
  const parts = [...names].map((name) => {
    const globs = (rule.valid ?? [])
      .filter(({ queryParam }) => queryParam === name)
      .flatMap(({ values }) => values as string[]);
    const value =
      globs.length > 0 && random.chance(70) ? likely(random, random.pick(globs)) : random.pick(VALUES);
    return `${name}=${random.chance(50) ? encodeURIComponent(value) : value.replaceAll(' ', '+')}`;
  });
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

const likely = (random: Random, glob: string): string =>
  glob
    .replace('{a,b}', 'a')
    .replace('[ab]', 'b')
    .replace('!x', 'y')
    .replaceAll('**', 'd/e')
    .replaceAll('*', random.pick(['v', 'w.x']))
    .replaceAll('?', '1');

function someHeaders(random: Random): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of HEADERS) if (random.chance(85)) headers[name] = random.pick(HEADER_VALUES);
  return headers;
}

function someBody(random: Random, rule: RawRule): Buffer | null {
  if (random.chance(rule.valid === undefined ? 70 : 5)) return null;
  if (random.chance(5))
    return Buffer.from(
      random.pick([
        '',
        'open',
        '"open"',
        '1',
        'null',
        '[]',
        '{',
        '\uFEFF{"state":"open"}',
        '{"__proto__":"ok"}',
      ]),
    );
  const leaf = () => random.pick(LEAVES);
  const body = {
    state: leaf(),
    pull: random.chance(80) ? { state: leaf() } : leaf(),
    files: random.chance(80) ? random.times(random.number(3), leaf) : leaf(),
    commits: random.chance(80)
      ? random.times(random.number(3), () => (random.chance(80) ? { id: leaf() } : leaf()))
      : leaf(),
  };
  return Buffer.from(JSON.stringify(random.chance(15) ? { state: leaf() } : body));
}
