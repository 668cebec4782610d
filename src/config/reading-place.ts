import { ConfigError } from '../errors.ts';
import { acceptConfig } from './accept.ts';
import type { AcceptConfig } from './config.ts';
import { environment } from './load.ts';

/** What a command needs of the environment that only reads what an agent has left. */
export interface ReadingPlace {
  /** Absolute. */
  readonly stateDir: string;
  /** @throws {ConfigError} when the accept list cannot be read */
  accept(): AcceptConfig;
}

/**
 * Reads as little of the environment as such a command needs, so that it works where the rest is not set.
 *
 * @throws {ConfigError}
 */
export function readingPlace(
  given: Readonly<Record<string, string | undefined>> = process.env,
  cwd = process.cwd(),
): ReadingPlace {
  const env = environment(given, cwd);
  const stateDir = env.path(env.read('STATE_DIR'));
  const check = () => {
    if (env.problems.length > 0) throw new ConfigError(env.problems);
  };
  check();
  return {
    stateDir,
    accept() {
      const accept = acceptConfig(env);
      check();
      return accept;
    },
  };
}
