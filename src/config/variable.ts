import type { z } from 'zod';

/** One environment variable: everything that reader, documentation and tests need to know of it. */
export interface Variable {
  readonly meaning: string;
  /** A valid value, shown beside a problem. */
  readonly example: string;
  readonly parse: z.ZodType<unknown, string>;
  /** Text that goes through `parse` when the variable is not set. */
  readonly default?: string;
  /** In words, for a default that is made from other variables. */
  readonly derived?: string;
  /** The Snyk Broker client has it under the same name. */
  readonly official?: true;
  /** Never shown; may come from the file that `NAME_FILE` names. */
  readonly secret?: true;
  /** Also read in lower case, which wins. */
  readonly bothCases?: true;
}
