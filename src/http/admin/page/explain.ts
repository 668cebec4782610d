import { METHODS } from '../../../rules/rule-schema.ts';
import { LONGEST_URL } from '../../../rules/target.ts';
import type { NearMiss } from '../../../rules/verdict.ts';
import type { ExplainQuestion, Explanation } from '../explanation.ts';
import { type Html, html } from '../html.ts';
import { badge, choice, documentOf, facts, table } from './layout.ts';
import { REASONS } from './reasons.ts';

const DESTINATIONS: Readonly<Record<NonNullable<Explanation['to']>, string | null>> = {
  bitbucket: null,
  snyk: 'Snyk, through the tunnel',
  agent: 'the inventory: this agent answers it itself, or the one at INVENTORY_URL does',
};

/** The form that asks what the rules say to a call; a plain GET, so its answer can be linked to. */
export function explainForm({ method, url, list }: ExplainQuestion): Html {
  const methods = [...new Set(METHODS).add(method)].map((name) => [name, name] as const);
  return html`<form method="get" action="/rules/explain" aria-label="Explain a call">
${choice('method', 'Method', methods, method)}
<label class="wide">Path and query, or a whole address <input name="url" value="${url}" required maxlength="${LONGEST_URL}" placeholder="/projects/KEY/repos?limit=100" autocomplete="off" autocapitalize="off" spellcheck="false"></label>
${choice(
  'list',
  'From',
  [
    ['private', 'Snyk to Bitbucket'],
    ['public', 'Bitbucket to Snyk (webhook)'],
  ],
  list,
)}
<button>Explain</button>
</form>`;
}

/** The page that answers it. Nothing is sent anywhere for it. */
export function explainPage(question: ExplainQuestion, explanation: Explanation | null): string {
  const title = explanation === null ? 'Explain' : explanation.allowed ? 'Allowed' : 'Refused';
  return documentOf(
    title,
    html`<header>
<p><a href="/">Status</a></p>
<h1>What the rules say</h1>
</header>
<main id="main">
<section aria-label="Question">
${explainForm(question)}
</section>
${explanation !== null && answer(question, explanation)}
</main>`,
  );
}

function answer({ method, url }: ExplainQuestion, explanation: Explanation): Html {
  const { allowed, ruleId, reason, seen, to, sent, where, nearMisses } = explanation;
  return html`<section aria-labelledby="answer">
<h2 id="answer">${allowed ? badge('good', 'Allowed') : badge('bad', 'Refused')} <code>${method} ${url}</code></h2>
${facts([
  ['Taken as', seen === url ? null : html`<code>${seen}</code>`],
  ['Reason', html`<code>${reason}</code> ${REASONS[reason]}`],
  ['Rule', ruleId === null ? null : html`<code>${ruleId}</code>`],
  ['Stands in', where],
  ['Goes out as', sent === null ? null : html`<code>${sent}</code>`],
  ['Goes to', to === null ? null : DESTINATIONS[to]],
])}
${
  nearMisses.length > 0 &&
  table<NearMiss>({
    caption: 'Rules that almost allow it',
    columns: [
      { name: 'Rule', cell: (miss) => html`<code>${miss.ruleId}</code>` },
      { name: 'Misses', cell: ({ aspect }) => aspect },
      { name: 'Why', cell: ({ detail }) => detail },
    ],
    rows: nearMisses,
  })
}
<p class="hint">Asked without headers and body: a rule with conditions on them says no here. The list of decisions keeps no
query; where a rule has conditions on it, add it above.</p>
</section>`;
}
