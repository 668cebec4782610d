import { failureCode } from '../../errors.ts';
import {
  isDocument,
  type Keeper,
  refusalHint,
  refusalOf,
  SILENCE_HINT,
} from '../../inventory/keeper/keeper.ts';
import type { Network } from '../../network/network.ts';
import { AGENT_PATHS } from '../../rules/agent-origin.ts';
import { ask, member } from '../ask.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';
import { KEEPER } from '../targets.ts';

/** Whether the agent that keeps the inventory is there, takes the token, and has something to give. */
export function inventoryCheck(needs: readonly string[], keeper: Keeper, network: Network): Check {
  const { url, token } = keeper;
  return {
    name: KEEPER,
    needs,
    late: SILENCE_HINT,
    run: async (signal): Promise<readonly Result[]> => {
      try {
        const answer = await ask(network, `${url}${AGENT_PATHS.repositories}?limit=1`, { signal, token });
        const { status, headers, json } = answer;
        const isList = isDocument(headers);
        if (isList && status === 200) return [pass(`${url} serves the inventory`, { status })];
        if (isList && status === 503 && Array.isArray(member(json, 'errors'))) {
          const todo = 'Wait for its first run, or see its log.';
          return [warn(`${url} answers, and has read no inventory yet`, todo, { status })];
        }
        const reason = refusalOf(status, headers);
        return [
          fail(`${url} answers ${status} (${reason})`, refusalHint(status, reason), { status, reason }),
        ];
      } catch (error) {
        const code = failureCode(error);
        return [fail(`${url} does not answer (${code})`, SILENCE_HINT, { code })];
      }
    },
  };
}
