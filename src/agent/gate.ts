import { hash } from 'node:crypto';
import { type LoginSources, Logins, loginFlaws } from '../bitbucket/logins.ts';
import type { Credential, Login } from '../bitbucket/send.ts';
import type { Config, ConfigDraft } from '../config/config.ts';
import { ConfigError, type Problem } from '../errors.ts';
import type { Log } from '../log.ts';
import { canonicalRules } from '../rules/canonical.ts';
import { type LoginNeed, loadRules } from '../rules/compile.ts';
import type { Finding } from '../rules/lint/finding.ts';
import { UNANSWERED_HINT } from '../rules/lint/lint.ts';
import { problemsByCause, type RuleFlaw } from '../rules/rule-flaw.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { Rule } from '../rules/verdict.ts';
import { listFindings } from './list-findings.ts';

/** The accept list, ready to decide, and the login each of its rules stands for. */
export interface Gate {
  readonly rules: RuleSet;
  /** See {@link hashOfRules}. */
  readonly rulesHash: string;
  loginOf(rule: Rule): Login | null;
  /** What a careful reader would say of the list: see `lint`. */
  findings(): readonly Finding[];
  /** What that login takes in turn; none for a rule without one. */
  credentialsOf(rule: Rule): readonly Credential[];
}

/** `sha256:` and 64 hexadecimal digits in lower case, of what {@link canonicalRules} gives. */
export const hashOfRules = (rules: RuleSet): string => `sha256:${hash('sha256', canonicalRules(rules))}`;

/**
 * From the accept list's text to the gate.
 *
 * @throws ConfigError with everything that is wrong with the list, and with the variables it names; or when the rules
 *   are not the ones of `RULES_HASH`
 */
export function openGate(config: Config, log: Log): Gate {
  const loaded = examine(config, []);
  const { rules, problems, writesOff, leadNowhere, unanswered, notes } = loaded;
  if (rules === null || problems.length > 0) throw new ConfigError(problems);
  const rulesHash = hashOfRules(rules);
  checkHash(config, rulesHash, { writesOff: writesOff.length > 0, agentOff: unanswered.length > 0 });
  const logins = new Logins(sourcesOf(config), log);
  const byRule = new Map<Rule, Login>();
  for (const rule of rules.private) if (rule.auth !== null) byRule.set(rule, logins.resolve(rule.auth));
  for (const note of notes) log.warn('accept list', { note });
  if (leadNowhere.length > 0) {
    const hint = 'Set GIT_CLIENT_URL, or take these rules out.';
    log.warn('rules that lead nowhere are off', { rules: leadNowhere, hint });
  }
  if (unanswered.length > 0) {
    log.info('rules of the origin agent: are off', { rules: unanswered, hint: UNANSWERED_HINT });
  }
  if (writesOff.length > 0) {
    log.warn('write rules are off', {
      rules: writesOff,
      hint: 'Only GET and HEAD leave for Bitbucket. Set ALLOW_WRITES=true to turn these rules on.',
    });
  }
  return {
    rules,
    rulesHash,
    loginOf: (rule) => byRule.get(rule) ?? null,
    credentialsOf: ({ auth }) => (auth === null ? [] : logins.credentials(auth)),
    findings: () => listFindings(config, { loaded }),
  };
}

function checkHash(
  { rulesHash: signed, accept, allowWrites }: Config,
  found: string,
  { writesOff, agentOff }: { readonly writesOff: boolean; readonly agentOff: boolean },
): void {
  if (signed === null || signed === found) return;
  const writes = writesOff
    ? '; its rules for writing are off, and count as such'
    : allowWrites
      ? '; ALLOW_WRITES is true, which counts where a rule writes'
      : '';
  const agent = agentOff ? '; its rules of the origin agent: do not count, as INVENTORY_URL is off' : '';
  const problem = {
    where: 'RULES_HASH',
    reason: `is not the hash of the rules in ${accept.path}, which is ${found}${writes}${agent}`,
    example: found,
  };
  const command = `bitbucket-agent rules diff <the list you signed off> ${accept.path}`;
  throw new ConfigError([problem], `To see what has changed: ${command}`);
}

/**
 * What is wrong with the accept list, and with the variables it names, while the configuration itself cannot be used.
 *
 * @param told what is wrong with the configuration; nothing that follows from it is told again
 */
export function gateProblems(draft: ConfigDraft, told: readonly Problem[]): readonly Problem[] {
  return told.some(({ where }) => where === 'ACCEPT') ? [] : examine(draft, told).problems;
}

function examine(config: ConfigDraft, told: readonly Problem[]) {
  const { accept, bitbucket, allowWrites, inventoryPlace } = config;
  const loaded = loadRules(accept.text, accept.path, {
    variable: (name) => config.variable(name),
    bitbucket,
    allowWrites,
    agentOff: inventoryPlace.kind === 'nowhere',
    addressUnknown: told.some(({ where }) => /^BITBUCKET(_URL)?$/.test(where)),
  });
  const known = new Set(told.map(({ where }) => where.replace(/(_POOL)?(_FILE)?$/, '')));
  const ofLogins = loginProblems(loaded.logins, sourcesOf(config), accept.path, known);
  return { ...loaded, problems: [...loaded.problems, ...ofLogins] };
}

function loginProblems(
  logins: readonly LoginNeed[],
  sources: LoginSources,
  file: string,
  known: ReadonlySet<string>,
): Problem[] {
  const ofVariables = new Map<string, Problem>();
  const ofRules: RuleFlaw[] = [];
  for (const { place, auth } of logins) {
    for (const { variable, where, reason, example } of loginFlaws(auth, sources)) {
      if (known.has(variable)) continue;
      if (where === null) ofRules.push({ place, cause: variable, reason, example });
      else ofVariables.set(where, { where, reason, example });
    }
  }
  return [...problemsByCause(ofRules, file), ...ofVariables.values()];
}

function sourcesOf(config: ConfigDraft): LoginSources {
  return { configured: config.bitbucket.credentials, credentials: (name) => config.credentials(name) };
}
