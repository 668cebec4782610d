import type { TrailState } from '../../../audit/trail.ts';
import { type Html, html } from '../html.ts';
import { badge, facts, section } from './layout.ts';
import { figure } from './times.ts';

/** How the audit trail does. */
export function auditSection(audit: TrailState): Html {
  const { instance, written, lost, errors, failing, head } = audit;
  return section(
    'audit',
    'Audit',
    facts([
      ['State', failing === null ? badge('good', 'Written') : badge('bad', `Failing: ${failing}`)],
      ['Records written', figure(written)],
      ['Records lost', lost > 0 ? badge('bad', figure(lost)) : '0'],
      ['Failed writes', figure(errors)],
      ['Folder', instance === null ? null : html`<code>${instance}</code>`],
      ['Newest record', head === null ? null : html`<code>sha256:${head}</code>`, 'wide'],
    ]),
  );
}
