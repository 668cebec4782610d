import express, { type Request, type Response, Router } from 'express';
import type { Log } from '../../log.ts';
import type { IdentifyFilters } from '../../rules/filters.ts';
import { type HealthOptions, probeRoutes } from '../health.ts';
import { type Explain, explanationOf, questionOf } from './explanation.ts';
import { FormGuard } from './form-guard.ts';
import { hostGuard } from './host-guard.ts';
import { filtered, filterOf } from './page/decisions.ts';
import { expiredPage } from './page/expired.ts';
import { explainPage } from './page/explain.ts';
import { REFRESH_SCRIPT } from './page/refresh.ts';
import { statusPage } from './page/status-page.ts';
import { ICON, STYLE } from './page/style.ts';
import { logRefusal } from './refusal.ts';
import { allowOwnStyle, securityHeaders } from './security-headers.ts';
import type { AdminStatus } from './status.ts';
import { tokenGuard } from './token-guard.ts';

export interface AdminRoutesOptions {
  /** `null`: none is asked for. */
  readonly token: string | null;
  /** Names beside `localhost` and IP addresses, in lower case. */
  readonly allowedHosts: readonly string[];
  /** How everything does, asked at each page. */
  status(): AdminStatus;
  readonly filters: IdentifyFilters;
  readonly explain: Explain;
  /** The page to sign, in the running configuration. */
  readonly sheet: { html(): string; markdown(): string };
  readonly relaying: { pause(): void; resume(): void };
  readonly health: Pick<HealthOptions, 'tunnels' | 'draining'>;
  /** Routes that ask for a token of their own. */
  readonly ownToken?: readonly Router[];
  /** Further routes behind the guards. */
  readonly routes?: readonly Router[];
  readonly log: Log;
}

/**
 * Everything the operators' port serves. In this order: the check of the name it was called by, what has a token of its
 * own, whose answers stay as they are, the headers of all others, `/livez` and `/readyz`, the token, and the rest.
 */
export function adminRoutes(options: AdminRoutesOptions): Router {
  const { token, allowedHosts, health, ownToken = [], routes = [], log } = options;
  const router = Router({ caseSensitive: true });
  router.use(hostGuard(allowedHosts, log), ...ownToken, securityHeaders, probeRoutes(health));
  if (token !== null) router.use(tokenGuard(token, log));
  router.use(pages(options), documents(options), sheets(options), files(), ...routes);
  return router;
}

const exactly = { caseSensitive: true, strict: true };

/** For people. */
function pages({ status, relaying, log }: AdminRoutesOptions): Router {
  const router = Router(exactly);
  const forms = new FormGuard();
  router.get('/', (request, response) => {
    const page = statusPage(status(), filterOf(request.query), (action) => forms.token(action));
    response.type('html').send(page);
  });
  const form = express.urlencoded({ extended: false, limit: '4kb', parameterLimit: 10 });
  const onForm = (act: () => void) => (request: Request, response: Response) => {
    const { token } = (request.body ?? {}) as { token?: unknown };
    if (forms.allows(request, token)) {
      act();
      return response.redirect(303, '/#relaying');
    }
    const code = 'FORM_EXPIRED';
    logRefusal(log, request, response, code);
    return response.format({
      json: () =>
        response.json({ code, message: 'The form is not one of this process: load the page again.' }),
      html: () => response.send(expiredPage()),
    });
  };
  router.post(
    '/pause',
    form,
    onForm(() => relaying.pause()),
  );
  router.post(
    '/resume',
    form,
    onForm(() => relaying.resume()),
  );
  return router;
}

/** For programs; `/rules/explain` is for both. */
function documents({ status, filters, explain }: AdminRoutesOptions): Router {
  const router = Router(exactly);
  router.get('/status.json', (request, response) => {
    const now = status();
    response.json({ ...now, recent: filtered(now.recent, filterOf(request.query)) });
  });
  router.get('/filters', (_request, response) => response.json(filters));
  router.get('/rules', (_request, response) => response.json(status().rules.rules));
  router.get(['/rules/explain', '/rules/explain.json'], (request, response) => {
    const question = questionOf(request.query);
    const explanation = explanationOf(question, explain);
    const asPage = request.path === '/rules/explain' && request.accepts(['html', 'json']) === 'html';
    if (asPage) return response.type('html').send(explainPage(question, explanation));
    if (explanation === null) {
      return response.status(400).json({ code: 'BAD_REQUEST', message: 'Ask with ?method=GET&url=/path' });
    }
    return response.json({ ...question, ...explanation });
  });
  return router;
}

/** The page to sign. It stands alone, so that it can be saved: its one style sheet is in it. */
function sheets({ sheet }: AdminRoutesOptions): Router {
  const router = Router(exactly);
  router.get('/rules/sheet', (_request, response) => {
    const page = sheet.html();
    allowOwnStyle(response, page);
    response.type('html').send(page);
  });
  router.get('/rules/sheet.md', (_request, response) => {
    response.type('text/markdown').send(sheet.markdown());
  });
  return router;
}

/** What the pages are made of. */
function files(): Router {
  const router = Router(exactly);
  router.get('/status.css', (_request, response) => response.type('css').send(STYLE));
  router.get('/status.js', (_request, response) => response.type('js').send(REFRESH_SCRIPT));
  router.get('/icon.svg', (_request, response) => response.type('svg').send(ICON));
  return router;
}
