import { Logins } from './bitbucket/logins.ts';
import type { Login } from './bitbucket/send.ts';
import type { Config } from './config/config.ts';
import { ConfigError, type Problem } from './errors.ts';
import type { Log } from './log.ts';
import { loadRules } from './rules/compile.ts';
import type { RuleSet } from './rules/rule-set.ts';
import type { Rule } from './rules/verdict.ts';

/** The accept list, ready to decide, and the login each of its rules stands for. */
export interface Gate {
  readonly rules: RuleSet;
  loginOf(rule: Rule): Login | null;
}

/**
 * From the accept list's text to the gate.
 *
 * @throws ConfigError with everything that is wrong with the list, and with the variables it names
 */
export function openGate(config: Config, log: Log): Gate {
  const { accept, bitbucket, allowWrites } = config;
  const variable = (name: string) => config.variable(name);
  const { rules, problems, writesOff, leadNowhere, notes } = loadRules(accept.text, accept.path, {
    variable,
    bitbucket,
    allowWrites,
  });
  if (rules === null) throw new ConfigError(problems);
  const loginOf = resolveLogins(rules, config, log);
  for (const note of notes) log.warn('accept list', { note });
  if (leadNowhere.length > 0) {
    const hint = 'Set GIT_CLIENT_URL, or take these rules out.';
    log.warn('rules that lead nowhere are off', { rules: leadNowhere, hint });
  }
  if (writesOff.length > 0) {
    log.warn('write rules are off', {
      rules: writesOff,
      hint: 'Only GET and HEAD leave for Bitbucket. Set ALLOW_WRITES=true to turn these rules on.',
    });
  }
  return { rules, loginOf };
}

function resolveLogins(rules: RuleSet, config: Config, log: Log): (rule: Rule) => Login | null {
  const { credentials: configured } = config.bitbucket;
  const logins = new Logins({ configured, credentials: (name) => config.credentials(name), log });
  const byRule = new Map<Rule, Login>();
  const problems: Problem[] = [];
  for (const rule of rules.private) {
    if (rule.auth === null) continue;
    const login = logins.resolve(rule.auth, rule.where);
    if ('reason' in login) problems.push(login);
    else byRule.set(rule, login);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return (rule) => byRule.get(rule) ?? null;
}
