import type { Config } from '../../config/config.ts';
import type { Problem } from '../../errors.ts';
import { type Finding, fail, pass, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';

const CONFIGURATION = 'configuration';

/** What a configuration that can be used is to be warned of. */
export function configurationCheck(config: Config): Check {
  return {
    name: CONFIGURATION,
    run: () => {
      const told = config.warnings.map((warning) => warn(warning, 'See docs/configuration.md.'));
      return told.length > 0 ? told : [pass('can be used, and nothing is to be warned of')];
    },
  };
}

/** What stands in the place of all other findings when the configuration cannot be used. */
export const configurationFindings = (problems: readonly Problem[], hint?: string): readonly Finding[] => [
  ...problems.map(({ where, reason, example }) => ({
    check: CONFIGURATION,
    ...fail(`${where}: ${reason}`, `for example: ${example}`, { variable: where }),
  })),
  ...(hint === undefined ? [] : [{ check: CONFIGURATION, ...warn(hint, 'See docs/configuration.md.') }]),
  { check: 'everything else', verdict: 'SKIP', what: 'not looked at, as configuration is not in order' },
];

/** What was found wrong with the accept list, as `rules lint` tells it. */
export interface LintReport {
  readonly errors: number;
  readonly warnings: number;
  /** The first of them, in words; `null`: there are none. */
  readonly first: string | null;
}

export function rulesCheck({ accept }: Config, lint: () => LintReport): Check {
  return {
    name: 'rules',
    run: () => {
      const { errors, warnings, first } = lint();
      const data = { errors, warnings };
      if (errors + warnings === 0) return [pass(`${accept.path}: nothing to be said against it`, data)];
      const what = `${accept.path}: ${errors} error(s), ${warnings} warning(s)${first === null ? '' : `; first: ${first}`}`;
      const todo = 'rules lint shows all of them.';
      return [errors > 0 ? fail(what, todo, data) : warn(what, todo, data)];
    },
  };
}
