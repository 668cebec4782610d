import type { Config } from '../../config/config.ts';
import { AgentError } from '../../errors.ts';
import { planOf } from '../../inventory/collect/plan.ts';
import { createPrivacy } from '../../inventory/privacy.ts';
import type { BitbucketDesk } from '../bitbucket-desk.ts';
import { fail, pass, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';

const OFF = 'the inventory is off: PROFILE_NAME or INVENTORY_ENABLED says so';

/** Everything the inventory asks for, as the accept list sees it: nothing is sent. */
export function inventoryRulesCheck(
  { inventory, inventoryPlace: place }: Config,
  desk: BitbucketDesk,
): Check {
  return {
    name: 'inventory rules',
    run: () => {
      if (!inventory.enabled)
        return [pass(place.kind === 'here' ? OFF : 'the inventory is not kept here: INVENTORY_URL says so')];
      // Pseudonyms change nothing of what is asked, and their key is not to be made here.
      const wishes = createPrivacy({ ...inventory, pseudonymise: false }, null);
      const scope = { users: true, repositories: true, enrichment: true };
      try {
        const { notes } = planOf(scope, wishes, { missing: desk.missing });
        if (notes.length === 0) return [pass('the accept list allows every call the inventory makes')];
        return notes.map((note) => {
          const [what = '', todo = ''] = note.split(/(?= To change that )/);
          return warn(what, todo.trim() || 'See docs/inventory.md.');
        });
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        return [fail(error.message, error.hint ?? 'See docs/inventory.md.')];
      }
    },
  };
}
