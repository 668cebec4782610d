import type { Html } from '../html.ts';
import { html } from '../html.ts';
import type { AdminStatus } from '../status.ts';
import { badge, section } from './layout.ts';
import { moment } from './times.ts';

/** The switch: a form for the other state, which carries its own token. */
export function relayingSection({ pause }: AdminStatus, formToken: (action: string) => string): Html {
  const paused = pause.since !== null;
  const action = paused ? '/resume' : '/pause';
  const words = paused
    ? html`<p>${badge('warn', 'Paused')} since ${moment(pause.since ?? 0)}. Calls from Snyk are answered with 503, whichever
way they come.</p>`
    : html`<p>${badge('good', 'On')} Calls from Snyk go to Bitbucket where the rules allow them. Paused, they are answered
with 503.</p>`;
  return section(
    'relaying',
    'Relaying',
    html`${words}
${pause.problem !== null && html`<p class="note bad">${pause.problem}</p>`}
<p class="hint">Webhooks and the inventory go on either way. The switch is for this process only: other replicas are not
paused by it. It stays as it is when the agent is started anew.</p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${formToken(action)}">
<button${!paused && html` class="careful"`}>${paused ? 'Resume relaying' : 'Pause relaying'}</button>
</form>`,
  );
}
