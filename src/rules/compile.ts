import type { Problem } from '../errors.ts';
import { type AcceptList, parseAcceptList, type RuleSpec } from './accept-list.ts';
import { compileConditions } from './conditions.ts';
import { type Origin, type OriginContext, readOrigin } from './origin.ts';
import { EXAMPLES } from './rule-schema.ts';
import { RuleSet } from './rule-set.ts';
import { variablesIn } from './template.ts';
import type { Rule } from './verdict.ts';

export interface CompileOptions extends OriginContext {
  /** Off: only GET and HEAD get through private rules, whatever the file says. */
  readonly allowWrites: boolean;
}

export interface Compiled {
  /** `null` when there is a problem. */
  readonly rules: RuleSet | null;
  readonly problems: readonly Problem[];
  /** The ids of the private rules that allow more than GET and HEAD in the file, and not here. */
  readonly writesOff: readonly string[];
  /** The ids of the private rules that lead nowhere, because a companion of the official client is not there. */
  readonly leadNowhere: readonly string[];
}

/** The official list has a rule for the Code Agent, which most who use that list do not run. */
const COMPANIONS = new Set(['GIT_CLIENT_URL']);

/** Reads and compiles a file's text: {@link parseAcceptList} and {@link compileRules}, all problems together. */
export function loadRules(
  text: string,
  file: string,
  options: CompileOptions,
): Compiled & { readonly notes: readonly string[] } {
  const { list, problems } = parseAcceptList(text, file);
  if (list === null) return { rules: null, problems, writesOff: [], leadNowhere: [], notes: [] };
  const compiled = compileRules(list, options);
  return {
    ...compiled,
    rules: problems.length === 0 ? compiled.rules : null,
    problems: [...problems, ...compiled.problems],
    notes: list.notes,
  };
}

/** Replaces the variables in origins and makes every rule ready. Problems name the variable, the rule and the file. */
export function compileRules(list: AcceptList, options: CompileOptions): Compiled {
  const problems: Problem[] = [];
  const nowhere = list.private.filter((spec) => leadsNowhere(spec, options));
  const ofPrivate = list.private
    .filter((spec) => !nowhere.includes(spec))
    .map((spec) => compileRule(spec, options, problems));
  const ofPublic = list.public.map((spec) => compileRule(spec, options, problems));
  for (const { where, origin } of list.broken) originOf(where, origin, options, problems);
  const writesOff = ofPrivate.filter((rule) => rule.writesOff).map(({ id }) => id);
  const rules = problems.length === 0 ? new RuleSet(list, { private: ofPrivate, public: ofPublic }) : null;
  return { rules, problems, writesOff, leadNowhere: nowhere.map(({ id }) => id) };
}

const leadsNowhere = ({ origin }: RuleSpec, { variable }: CompileOptions): boolean =>
  variablesIn(origin ?? '').some((name) => COMPANIONS.has(name) && variable(name) === undefined);

function compileRule(spec: RuleSpec, options: CompileOptions, problems: Problem[]): Rule {
  const { id, list, where, method, path, valid, comment, purpose, permission } = spec;
  const { origin, basePath, auth } = placeOf(spec, options, problems);
  return Object.freeze({
    id,
    list,
    where,
    method,
    path,
    origin,
    basePath,
    auth,
    conditions: compileConditions(valid),
    encodedSlash: /%2f/i.test(path),
    writesOff: list === 'private' && !options.allowWrites && method !== 'GET' && method !== 'HEAD',
    comment,
    purpose,
    permission,
  });
}

/** Where a rule's calls go, and with which login. */
function placeOf(spec: RuleSpec, options: CompileOptions, problems: Problem[]): Omit<Origin, 'bitbucket'> {
  const { where, auth } = spec;
  const nowhere = { origin: '', basePath: '', auth: null };
  if (spec.origin === null) return nowhere;
  const read = originOf(where, spec.origin, options, problems);
  if (read === null) return nowhere;
  if (auth !== null && read.auth !== null) {
    const reason = 'has two logins, one in origin and one in auth';
    problems.push({ where, reason, example: `${EXAMPLES.origin}, ${EXAMPLES.auth}` });
  }
  if (auth?.scheme === 'bitbucket' && !read.bitbucket) {
    const reason = "sends Bitbucket's login to an origin that is not the configured Bitbucket";
    problems.push({ where, reason, example: EXAMPLES.origin ?? '' });
  }
  return { origin: read.origin, basePath: read.basePath, auth: auth ?? read.auth };
}

function originOf(
  where: string,
  template: string,
  options: CompileOptions,
  problems: Problem[],
): Origin | null {
  const read = readOrigin(template, options);
  if ('origin' in read) return read;
  for (const reason of read) problems.push({ where, reason, example: EXAMPLES.origin ?? '' });
  return null;
}
