import { Lookup } from './lookup.ts';
import { parsePattern } from './path-pattern.ts';

/** The origin of rules that the agent answers itself: such a call does not leave for Bitbucket. */
export const AGENT_ORIGIN = 'agent:';

/** All that can be asked of {@link AGENT_ORIGIN}. */
export const AGENT_PATHS = {
  users: '/essentials/v1/users',
  repositories: '/essentials/v1/repositories',
  runs: '/essentials/v1/runs',
} as const;

/** A rule of that origin that is right. */
export const AGENT_EXAMPLE = `{"method": "GET", "path": "${AGENT_PATHS.users}", "origin": "${AGENT_ORIGIN}"}`;

/** Whether an origin as the accept list has it means the agent. */
export const isAgentOrigin = (template: string): boolean => template.toLowerCase() === AGENT_ORIGIN;

/** What is wrong with a rule of the agent's origin. Of a rule that cannot be read, what is left is looked at. */
export function agentRuleFlaws(rule: {
  readonly auth: unknown;
  readonly method?: string;
  readonly path?: string;
}): string[] {
  const { auth, method = 'GET', path } = rule;
  const flaws: string[] = [];
  if (auth !== null) flaws.push('has auth, but the origin agent: is this agent, which asks for none');
  if (method !== 'GET' && method !== 'HEAD') {
    flaws.push(`has the method ${method}, but the origin agent: has only GET and HEAD`);
  }
  if (path !== undefined && !staysInside(path)) {
    flaws.push(
      `path is not one of the origin agent:, which are ${Object.values(AGENT_PATHS).join(', ')}: it must start with /essentials/v1/ and fit one of them`,
    );
  }
  return flaws;
}

/** A pattern that matched more than the agent's own paths would take calls away from the rules behind it. */
function staysInside(path: string): boolean {
  const pattern = parsePattern(path);
  const [first, second] = pattern.leading;
  if (first !== 'essentials' || second !== 'v1') return false;
  const lookup = new Lookup([pattern]);
  return Object.values(AGENT_PATHS).some((served) => lookup.find(served) > 0);
}
