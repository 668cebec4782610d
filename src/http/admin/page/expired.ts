import { html } from '../html.ts';
import { documentOf } from './layout.ts';

/** Answers a form that is not, or no longer, this process's own. Nothing was changed. */
export const expiredPage = (): string =>
  documentOf(
    'Nothing was changed',
    html`<header><h1>Nothing was changed</h1></header>
<main id="main">
<section aria-label="What to do">
<p>The page is older than this agent's last start, or the form was sent from elsewhere.</p>
<p><a href="/">Load the status page again</a></p>
</section>
</main>`,
  );
