/** What `lint` says of a rule, or of the list as a whole. */
export interface Finding {
  /** `error`: take it out or change it. `warn`: somebody must have wanted this. `info`: good to know. */
  readonly level: 'error' | 'warn' | 'info';
  readonly code: FindingCode;
  /** `FILE, private rule 3 (line 41)`, or the file. */
  readonly where: string;
  readonly ruleId: string | null;
  readonly text: string;
  readonly suggestion: string;
}

/**
 * `unusable`: the agent does not start with it. `any-method`, `catch-all`, `any-catch-all`: takes more than one thing.
 * `writes`: other methods than GET and HEAD. `reads-code`, `reads-file-names`: of repositories. `dead`: no call can fit.
 * `shadowed`: an earlier rule takes all its calls. `other-origin`, `outside-context`, `plain-http`: goes elsewhere than
 * to Bitbucket, or unencrypted. `secret-in-file`: a login is written out. `slow-pattern`: may take exponential time.
 * `ignored`, `misspelt-field`, `merged-fields`: the file says more or less than it seems to. `leads-nowhere`: off, as a
 * variable is not set, or as nobody answers for the origin `agent:`. `variable-not-set`: the agent does not start without it.
 */
export type FindingCode =
  | 'unusable'
  | 'any-method'
  | 'catch-all'
  | 'any-catch-all'
  | 'writes'
  | 'reads-code'
  | 'reads-file-names'
  | 'dead'
  | 'shadowed'
  | 'other-origin'
  | 'outside-context'
  | 'plain-http'
  | 'secret-in-file'
  | 'slow-pattern'
  | 'ignored'
  | 'misspelt-field'
  | 'merged-fields'
  | 'leads-nowhere'
  | 'variable-not-set';

/** How many there are of each level. */
export function levelCounts(findings: readonly Finding[]): Record<Finding['level'], number> {
  const counts = { error: 0, warn: 0, info: 0 };
  for (const { level } of findings) counts[level] += 1;
  return counts;
}
