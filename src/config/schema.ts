import type { z } from 'zod';
import { adminVariables, auditVariables, relayVariables } from './admin-variables.ts';
import { listenerVariables, networkVariables, processVariables, ruleVariables } from './agent-variables.ts';
import { bitbucketVariables } from './bitbucket-variables.ts';
import { deliveryVariables, inventoryPlaceVariables, inventoryVariables } from './inventory-variables.ts';
import { snykVariables } from './snyk-variables.ts';
import type { Variable } from './variable.ts';

/** All variables that this agent reads, in the order of the documentation. */
export const VARIABLES = {
  ...snykVariables,
  ...bitbucketVariables,
  ...ruleVariables,
  ...inventoryVariables,
  ...inventoryPlaceVariables,
  ...deliveryVariables,
  ...listenerVariables,
  ...adminVariables,
  ...relayVariables,
  ...auditVariables,
  ...networkVariables,
  ...processVariables,
};

export type VariableName = keyof typeof VARIABLES;

/** What a variable gives; never `undefined` where there is a default. */
export type VariableValue<Name extends VariableName> =
  | z.output<(typeof VARIABLES)[Name]['parse']>
  | ((typeof VARIABLES)[Name] extends { readonly default: string } ? never : undefined);

/** What is declared under a name; `undefined` for a name of someone else's. */
export function declared(name: string): Variable | undefined {
  return Object.hasOwn(VARIABLES, name) ? VARIABLES[name as VariableName] : undefined;
}
