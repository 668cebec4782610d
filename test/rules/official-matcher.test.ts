import { createRequire } from 'node:module';
import { normalize } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadRules } from '../../src/rules/compile.ts';
import type { Question, RuleSet } from '../../src/rules/rule-set.ts';
import { pathEnd, targetFlaw } from '../../src/rules/target.ts';
import type { Verdict } from '../../src/rules/verdict.ts';
import { Random } from './random.ts';
import { type RawRule, someCall, someRules } from './traffic.ts';

type Official = (payload: Question) => RawRule | false;
type LoadFilters = (rules: readonly RawRule[], type: string, config: object) => Official;

const SEED = 20_260_731;
const RULE_SETS = 2_200;
const CALLS_PER_SET = 48;

const require = createRequire(import.meta.url);
const DIST = 'snyk-broker/dist';

/** What this gate may refuse although the official one lets it through. */
const NAMED: readonly string[] = [
  'bad-url',
  'dot-segment',
  'path-parameter',
  'fragment',
  'encoded-percent',
  'malformed-percent',
  'invalid-utf8',
  'backslash',
  'control-character',
  'illegal-character',
  'empty-segment',
  'non-ascii',
  'encoded-slash',
  'valid-body',
  'valid-query',
];

const undefsafe = require('undefsafe') as (body: unknown, path: unknown, value: unknown) => unknown;
let loadFilters: LoadFilters;
beforeAll(() => {
  const logger = require(`${DIST}/lib/logs/logger.js`) as { log: { level(level: number): void } };
  logger.log.level(Number.MAX_SAFE_INTEGER);
  ({ loadFilters } = require(`${DIST}/lib/hybrid-sdk/common/filter/filtersAsync.js`) as {
    loadFilters: LoadFilters;
  });
});

const official = (rules: readonly RawRule[]): Official => loadFilters(rules, 'default', {});

function compiled(rules: readonly RawRule[]): RuleSet {
  const options = {
    variable: () => undefined,
    bitbucket: { scheme: 'https', host: 'bitbucket.test' } as const,
    allowWrites: true,
  };
  const loaded = loadRules(JSON.stringify({ private: rules }), 'generated.json', options);
  if (loaded.rules === null) throw new Error(JSON.stringify(loaded.problems));
  return loaded.rules;
}

/** The official guard against `..` and `//` reads the query too; written like this, the query says the same and has neither. */
function withQuietQuery(call: Question): Question {
  const end = pathEnd(call.url);
  const query = call.url.slice(end).replaceAll('.', '%2e').replaceAll('/', '%2f');
  return { ...call, url: call.url.slice(0, end) + query };
}

/**
 * Asking for a value, the official matcher writes it into the body from which it then reads the next entry, and gives up
 * on the whole list where it cannot write (`length` of a list, a letter of a text). Ask for each entry alone, and
 * where a write failed, for the rule alone and without its body entries.
 */
function passesWithoutOverwriting(rules: readonly RawRule[], rule: RawRule, call: Question): boolean {
  const valid = rule.valid ?? [];
  const others = valid.filter(({ path }) => path === undefined);
  const variants: (readonly Readonly<Record<string, unknown>>[])[] = valid
    .filter(({ path }) => path !== undefined)
    .map((entry) => [entry, ...others]);
  const asked = rules.slice(0, rules.indexOf(rule) + 1).flatMap((each) => each.valid ?? []);
  if (asked.some((entry) => cannotWrite(entry, call))) {
    variants.push(valid);
    if (others.some(({ queryParam }) => queryParam !== undefined)) variants.push(others);
  }
  return variants.some((variant) => official([{ ...rule, valid: variant }])(call) !== false);
}

function cannotWrite({ path, value }: Readonly<Record<string, unknown>>, call: Question): boolean {
  if (value === undefined) return false;
  try {
    undefsafe(JSON.parse(String(call.body)), path, value);
    return false;
  } catch (error) {
    return error instanceof Error && error.name !== 'SyntaxError';
  }
}

/** The reason with which this gate refuses what a rule of the official one lets through; `null`: none of those with a name. */
function namedReason({ reason, nearMisses }: Verdict, theirs: RawRule, call: Question): string | null {
  if (nearMisses.length === 0) return targetFlaw(call.url) === reason ? reason : null;
  const miss = nearMisses.find(({ ruleId }) => ruleId === theirs.id) ?? nearMisses.at(-1);
  if (miss?.aspect === 'encoding') return /%2f/i.test(theirs.path) ? null : 'encoded-slash';
  if (miss?.aspect === 'body')
    return theirs.valid?.some(({ path }) => path !== undefined) ? 'valid-body' : null;
  if (miss?.aspect !== 'query') return null;
  const dotted = /(?:%2f|[/=])(?:\.|%2e){1,2}(?:%2f|[/&]|$)/i.test(call.url);
  return dotted || /more than once|in brackets/.test(miss.detail) ? 'valid-query' : null;
}

describe('against loadFilters of snyk-broker 5.22.14', () => {
  it('lets nothing through that it blocks, and names every refusal of what it lets through', () => {
    const random = new Random(SEED);
    const counts: Record<string, number> = {};
    const count = (what: string): void => {
      counts[what] = (counts[what] ?? 0) + 1;
    };
    for (let set = 0; set < RULE_SETS; set += 1) {
      const rules = someRules(random);
      const ours = compiled(rules);
      const theirs = official(rules);
      for (let index = 0; index < CALLS_PER_SET; index += 1) {
        const call = someCall(random, rules);
        const verdict = ours.decide(call);
        const answer = theirs(call);
        const told = () =>
          JSON.stringify({
            seed: SEED,
            set,
            index,
            call: { ...call, body: String(call.body) },
            rules,
            verdict,
            answer,
          });
        if (verdict.allowed && answer !== false) {
          count('both allow');
          const plain = answer.valid === undefined && !/%2f/i.test(call.url);
          if (plain && answer.id !== verdict.ruleId) throw new Error(`another rule: ${told()}`);
        } else if (verdict.allowed) {
          const rule = rules.find(({ id }) => id === verdict.ruleId) as RawRule;
          const quiet = withQuietQuery(call);
          if (normalize(call.url) !== call.url && theirs(quiet) !== false)
            count('only here: .. or // in the query');
          else if (passesWithoutOverwriting(rules, rule, quiet))
            count('only here: body overwritten by the official matcher');
          else throw new Error(`blocked there, allowed here: ${told()}`);
        } else if (answer !== false) {
          const reason = namedReason(verdict, answer, call);
          if (reason === null || !NAMED.includes(reason))
            throw new Error(`refused here for no named reason: ${told()}`);
          count(`only there: ${reason}`);
        } else {
          count('both refuse');
        }
      }
    }
    const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
    console.log(`${total} calls, ${RULE_SETS} rule sets, seed ${SEED}\n${JSON.stringify(counts, null, 2)}`);
    expect(total).toBeGreaterThanOrEqual(100_000);
    expect(counts['both allow']).toBeGreaterThan(total * 0.25);
    expect(counts['both refuse']).toBeGreaterThan(total * 0.1);
    for (const reason of NAMED) expect(counts).toHaveProperty([`only there: ${reason}`], expect.any(Number));
  });
});
