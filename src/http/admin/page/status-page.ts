import { type Html, html } from '../html.ts';
import type { AdminStatus } from '../status.ts';
import { auditSection } from './audit.ts';
import { connectionSection } from './connection.ts';
import { type DecisionFilter, decisionsSection } from './decisions.ts';
import { explainForm } from './explain.ts';
import { headlineOf } from './headline.ts';
import { inventorySection } from './inventory.ts';
import { badge, documentOf, section } from './layout.ts';
import { relayingSection } from './relaying.ts';
import { rulesSection } from './rules.ts';
import { moment } from './times.ts';

/** The whole status page. Sections marked live are replaced by newer ones where scripts run. */
export function statusPage(
  status: AdminStatus,
  filter: DecisionFilter,
  formToken: (action: string) => string,
): string {
  const headline = headlineOf(status);
  const name = status.profile === null ? '' : ` – ${status.profile}`;
  const body = html`${pageHeader(status)}
<main id="main">
${pausedBanner(status)}
${connectionSection(status)}
${relayingSection(status, formToken)}
${inventorySection(status)}
${rulesSection(status)}
${status.audit !== undefined && auditSection(status.audit)}
${section('explain', 'Explain', explainForm({ method: 'GET', url: '', list: 'private' }), { live: false })}
${decisionsSection(status.recent, filter)}
</main>
<footer>
<p>bitbucket-agent ${status.version}. The same as JSON: <a href="/status.json">/status.json</a>.</p>
</footer>`;
  return documentOf(`${headline.text}${name}`, body, { live: true });
}

function pageHeader(status: AdminStatus): Html {
  const { tone, text, detail } = headlineOf(status);
  const parts: readonly (readonly [string, string])[] = [
    ['connection', 'Connection'],
    ['relaying', 'Relaying'],
    ['inventory', 'Inventory'],
    ['rules', 'Rules'],
    ...(status.audit === undefined ? [] : [['audit', 'Audit'] as const]),
    ['explain', 'Explain'],
    ['decisions', 'Decisions'],
  ];
  return html`<header>
<h1>bitbucket-agent${status.profile !== null && html` <span class="quiet">${status.profile}</span>`}</h1>
<p id="headline" role="status" data-live>${badge(tone, text)} ${detail}</p>
<p class="hint"><span id="as-of" data-live>As of ${moment(status.at)}.</span> <span id="freshness" role="status"></span></p>
<nav aria-label="Parts of this page">
<ul>
${parts.map(([id, label]) => html`<li><a href="#${id}">${label}</a></li>\n`)}</ul>
</nav>
</header>`;
}

const pausedBanner = ({ pause }: AdminStatus): Html =>
  html`<div id="paused-banner" role="status" data-live>${
    pause.since !== null &&
    html`<p class="banner">Relaying is paused since ${moment(pause.since)}: calls from Snyk are answered with 503.
<a href="#relaying">Resume</a></p>`
  }</div>`;
