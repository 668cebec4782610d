import type { Problem } from '../errors.ts';
import { type AcceptList, type BrokenRule, parseAcceptList, type RuleSpec } from './accept-list.ts';
import { AGENT_EXAMPLE, AGENT_ORIGIN, agentRuleFlaws, isAgentOrigin } from './agent-origin.ts';
import { compileConditions } from './conditions.ts';
import { type Origin, type OriginContext, readOrigin } from './origin.ts';
import { problemsByCause, type RuleFlaw, type RulePlace } from './rule-flaw.ts';
import { type Auth, EXAMPLES } from './rule-schema.ts';
import { RuleSet } from './rule-set.ts';
import { variablesIn } from './template.ts';
import type { Rule } from './verdict.ts';

export interface CompileOptions extends OriginContext {
  /** Off: only GET and HEAD get through private rules, whatever the file says. */
  readonly allowWrites: boolean;
  /** `bitbucket` is a stand-in for an address that is not known: what goes to Bitbucket cannot be told apart. */
  readonly addressUnknown?: boolean;
  /** Nobody answers for {@link AGENT_ORIGIN}: its rules are off. */
  readonly agentOff?: boolean;
}

/** The login of a private rule, whose variables are still to be looked up. */
export interface LoginNeed {
  readonly place: RulePlace;
  readonly auth: Auth;
}

export interface Compiled {
  /** `null` when there is a problem. */
  readonly rules: RuleSet | null;
  readonly problems: readonly Problem[];
  /** The logins of all private rules that lead somewhere, of those with problems too as far as they can be read. */
  readonly logins: readonly LoginNeed[];
  /** The ids of the private rules that allow more than GET and HEAD in the file, and not here. */
  readonly writesOff: readonly string[];
  /** The ids of the private rules that lead nowhere, because a companion of the official client is not there. */
  readonly leadNowhere: readonly string[];
  /** The ids of the private rules of {@link AGENT_ORIGIN}, where nobody answers for it. The broker server is not told of them. */
  readonly unanswered: readonly string[];
}

/** The official list has a rule for the Code Agent, which most who use that list do not run. */
const COMPANIONS = new Set(['GIT_CLIENT_URL']);
const NOTHING = { rules: null, logins: [], writesOff: [], leadNowhere: [], unanswered: [], notes: [] };
/** In the place of a variable that is not set. */
const STAND_IN = 'stand-in.invalid';

/** Reads and compiles a file's text: {@link parseAcceptList} and {@link compileRules}, all problems together. */
export function loadRules(
  text: string,
  file: string,
  options: CompileOptions,
): Compiled & { readonly notes: readonly string[] } {
  const { list, problems } = parseAcceptList(text, file);
  if (list === null) return { ...NOTHING, problems };
  const compiled = compileRules(list, options);
  return {
    ...compiled,
    rules: problems.length === 0 ? compiled.rules : null,
    problems: [...problems, ...compiled.problems],
    notes: list.notes,
  };
}

/** Replaces the variables in origins and makes every rule ready. Problems name the variable, the rule and the file. */
function compileRules(list: AcceptList, options: CompileOptions): Compiled {
  const places = new Places(options);
  const nowhere = new Set(list.private.filter((spec) => leadsNowhere(spec, options)));
  const unanswered = new Set(list.private.filter((spec) => isUnanswered(spec, options)));
  const answered = list.private.filter((spec) => !unanswered.has(spec));
  const compile = (spec: RuleSpec) => compileRule(spec, places, options.allowWrites);
  const ofPrivate = answered.filter((spec) => !nowhere.has(spec)).map(compile);
  const ofPublic = list.public.map(compile);
  for (const broken of list.broken) if (!leadsNowhere(broken, options)) places.of(broken);
  // What is wrong with them is told all the same.
  for (const spec of unanswered) places.of(spec);
  const problems = [...places.problems, ...problemsByCause(places.flaws, list.file)];
  return {
    rules:
      problems.length === 0
        ? new RuleSet({ ...list, private: answered }, { private: ofPrivate, public: ofPublic })
        : null,
    problems,
    logins: places.logins.toSorted((one, other) => one.place.number - other.place.number),
    writesOff: ofPrivate.filter((rule) => rule.writesOff).map(({ id }) => id),
    leadNowhere: Array.from(nowhere, ({ id }) => id),
    unanswered: Array.from(unanswered, ({ id }) => id),
  };
}

/** Logins of other names belong to other servers; these belong to Bitbucket. */
const namesBitbucketLogin = (auth: Auth): boolean =>
  Object.values(auth).some((text) => /\$\{BITBUCKET_(USERNAME|PASSWORD|PAT)\}/.test(text));

const leadsNowhere = ({ origin }: BrokenRule, { variable }: CompileOptions): boolean =>
  variablesIn(origin ?? '').some((name) => COMPANIONS.has(name) && variable(name) === undefined);

const isUnanswered = ({ origin }: BrokenRule, { agentOff }: CompileOptions): boolean =>
  agentOff === true && isAgentOrigin(origin ?? '');

function compileRule(spec: RuleSpec, places: Places, allowWrites: boolean): Rule {
  const { id, list, where, method, path, valid, comment, purpose, permission } = spec;
  const { origin, basePath, auth } = places.of(spec);
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
    writesOff: list === 'private' && !allowWrites && method !== 'GET' && method !== 'HEAD',
    comment,
    purpose,
    permission,
  });
}

/** Where rules' calls go, and with which logins; gathers what is wrong with that. */
class Places {
  readonly problems: Problem[] = [];
  readonly flaws: RuleFlaw[] = [];
  readonly logins: LoginNeed[] = [];
  readonly #options: CompileOptions;

  constructor(options: CompileOptions) {
    this.#options = options;
  }

  of(rule: BrokenRule & Partial<RuleSpec>): Omit<Origin, 'bitbucket'> {
    const { list, number, where, auth } = rule;
    const read = rule.origin === null ? null : this.#origin(rule, rule.origin);
    if (read?.origin === AGENT_ORIGIN) {
      for (const reason of agentRuleFlaws(rule))
        this.problems.push({ where, reason, example: AGENT_EXAMPLE });
      return read;
    }
    const inOrigin = read?.auth ?? null;
    const login = auth ?? inOrigin;
    if (login !== null) this.logins.push({ place: { list, number, where }, auth: login });
    if (read === null) return { origin: '', basePath: '', auth: null };
    if (auth !== null && inOrigin !== null) {
      const reason = 'has two logins, one in origin and one in auth';
      this.problems.push({ where, reason, example: `${EXAMPLES.origin}, ${EXAMPLES.auth}` });
    }
    if (auth?.scheme === 'bitbucket' && !read.bitbucket && this.#options.addressUnknown !== true) {
      const reason = "sends Bitbucket's login to an origin that is not the configured Bitbucket";
      this.problems.push({ where, reason, example: EXAMPLES.origin ?? '' });
    }
    if (
      login !== null &&
      namesBitbucketLogin(login) &&
      !read.bitbucket &&
      !/\$\{BITBUCKET(_API|_GIT)?\}/.test(rule.origin ?? '')
    ) {
      const reason = "sends Bitbucket's login to an origin that is not Bitbucket";
      this.problems.push({ where, reason, example: EXAMPLES.origin ?? '' });
    }
    return { origin: read.origin, basePath: read.basePath, auth: login };
  }

  /** Where variables are not set it reads on with a stand-in, so that a login in the origin is found all the same. */
  #origin({ list, number, where }: RulePlace, template: string): Origin | null {
    const read = readOrigin(template, this.#options);
    if ('origin' in read) return read;
    const place = { list, number, where };
    const example = /^agent:/i.test(template) ? AGENT_EXAMPLE : (EXAMPLES.origin ?? '');
    for (const reason of read) this.flaws.push({ place, cause: template, reason, example });
    const variable = (name: string) => this.#options.variable(name) ?? STAND_IN;
    const guess = readOrigin(template, { ...this.#options, variable });
    return 'origin' in guess ? { ...guess, bitbucket: true } : null;
  }
}
