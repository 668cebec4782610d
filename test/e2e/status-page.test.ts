import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { until } from '../../sandbox/deadline.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { aDecision, aRun, calmStatus, openAdmin } from '../http/admin/stage.ts';
import { CHROMIUM, lowestContrast, openPage, sidewaysOverflow, startChromium } from './chromium.ts';

const EVIL = '<script>alert(1)</script><img/src=x/onerror=alert(2)>';
const PHONE = { width: 375, height: 700 };
const DESKTOP = { width: 1280, height: 900 };
const REFRESH_MS = 5_000;
const WAIT_MS = 10_000;

const suite = CHROMIUM === null ? describe.skip : describe;
const title =
  CHROMIUM === null
    ? 'the status page in Chromium: skipped, there is none; install it or set CHROMIUM_PATH'
    : 'the status page in Chromium';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

suite(title, () => {
  let stage: Stage;
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    stage = await startStage({ agentEnv: { PROFILE_NAME: EVIL } });
    url = `http://127.0.0.1:${stage.agentEnv.ADMIN_PORT}`;
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  /** Makes a call whose decision is known when this settles: its caller has the answer a moment earlier. */
  async function decided(path: string) {
    const answer = await stage.call(path);
    const { requestId } = answer;
    await stage.agent.waitForLog((line) => line.requestId === requestId, WAIT_MS);
    return answer;
  }

  /** A page at the agent, or at a port of the test's own. */
  async function visit(options: BrowserContextOptions = {}, at = url) {
    const watched = await openPage(browser, { viewport: DESKTOP, ...options });
    closing.push(() => watched.close());
    watched.page.setDefaultTimeout(WAIT_MS);
    await watched.page.goto(at);
    return watched;
  }

  /** A port that shows everything there can be, every text of it hostile. */
  async function everything() {
    const admin = await openAdmin({
      status: () =>
        calmStatus({
          profile: EVIL,
          tunnel: [
            { role: 'primary', open: true, since: 0, reconnects: 1, lastError: null },
            { role: 'secondary', open: false, since: 0, reconnects: 99_999, lastError: EVIL.repeat(5) },
          ],
          pause: { since: 1, problem: EVIL },
          rules: {
            ...calmStatus().rules,
            hash: `sha256:${'a'.repeat(64)}`,
            lint: { errors: 1, warnings: 1, findings: [{ level: 'error', ruleId: EVIL, text: EVIL }] },
          },
          inventory: {
            enabled: true,
            running: { by: EVIL, stage: 'users', done: 5, total: 10, skipped: 1 },
            budget: { limit: 4, inFlight: 3, waiting: 7, waitedMs: 61_000, requests: 812 },
            runs: [aRun({ state: 'failed', error: { code: 'BITBUCKET_BUSY', message: EVIL } }), aRun()],
            parked: [{ runId: aRun().runId, sequence: 1, size: 1, status: 400, text: EVIL.repeat(5) }],
          },
          recent: [
            aDecision({ path: `/projects/${'X'.repeat(400)}/repos/${EVIL}` }),
            aDecision({ allowed: false, ruleId: null, reason: 'illegal-character', status: 401 }),
            aDecision({ status: 504, code: 'DOWNSTREAM_TIMEOUT', cause: 'UND_ERR_HEADERS_TIMEOUT' }),
          ],
          audit: { instance: EVIL, written: 1, lost: 2, errors: 3, failing: 'ENOSPC', head: 'b'.repeat(64) },
        }),
    });
    closing.push(() => admin.close());
    return admin.url;
  }

  it('shows hostile names, from the configuration and from a real call, as text', async () => {
    const path = `/projects/${EVIL}/repos/${EVIL}`;
    expect((await decided(path)).status).toBe(401);
    const { page, trouble } = await visit();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(`bitbucket-agent ${EVIL}`);
    expect(await page.locator('#decision-list').getByText(path).first().isVisible()).toBe(true);
    expect(await page.title()).toBe(`Connected – ${EVIL} – bitbucket-agent`);
    await page
      .getByRole('link', { name: `Explain GET ${path}` })
      .first()
      .click();
    await page.getByRole('heading', { name: 'What the rules say' }).waitFor();
    expect(await page.getByText('illegal-character', { exact: true }).isVisible()).toBe(true);
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(trouble).toEqual([]);
  });

  it('shows hostile text wherever there can be any, and the content policy has nothing to forbid', async () => {
    const { page, trouble } = await visit({}, await everything());
    expect(await page.getByText(EVIL).count()).toBeGreaterThan(8);
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(trouble).toEqual([]);
  });

  it('would be kept from running a script that got into it all the same', async () => {
    const { page, trouble } = await visit();
    const complaint = page.waitForEvent('console', (line) => line.text().includes('Content Security Policy'));
    const injected = '<img src="/icon.svg" onload="alert(1)">';
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '${injected}')`);
    expect((await complaint).text()).toContain('inline event handler');
    expect(trouble.filter((line) => line.startsWith('dialog'))).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('is readable in %s, on a phone and on a desk', async (colorScheme) => {
    const grounds: string[] = [];
    for (const viewport of [PHONE, DESKTOP]) {
      const { page } = await visit({ colorScheme, viewport }, await everything());
      for (const fold of await page.locator('details:not([open]) > summary').all()) await fold.click();
      expect(await sidewaysOverflow(page)).toBe(0);
      const { ratio, text } = await lowestContrast(page);
      expect({ text, enough: ratio >= 4.5 }).toEqual({ text, enough: true });
      grounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      await page.goto(new URL('/rules/explain?url=/projects/A/commits', page.url()).href);
      expect(await sidewaysOverflow(page)).toBe(0);
      expect((await lowestContrast(page)).ratio).toBeGreaterThanOrEqual(4.5);
    }
    const expected = colorScheme === 'light' ? 'rgb(245, 246, 248)' : 'rgb(18, 21, 27)';
    expect(grounds).toEqual([expected, expected]);
  });

  it.each([true, false])('filters and explains, scripts on: %s', async (javaScriptEnabled) => {
    await decided('/no-such-path');
    const { page, trouble } = await visit({ javaScriptEnabled });
    await page.getByLabel('Verdict').selectOption('refused');
    await page.getByLabel('Text in path').fill('no-such');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/text=no-such/);
    const calls = page.locator('#decision-list tbody tr');
    expect(new Set(await calls.locator('td[data-name=Call]').allTextContents())).toEqual(
      new Set(['GET /no-such-path']),
    );
    expect(await page.getByLabel('Text in path').inputValue()).toBe('no-such');
    await page.getByLabel('Path and query').fill('/projects?limit=5');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.waitForURL(/rules\/explain/);
    expect(await page.getByRole('heading', { level: 2 }).textContent()).toBe('Allowed GET /projects?limit=5');
    expect(await page.getByText(`${stage.bitbucket.url}/rest/api/1.0/projects?limit=5`).isVisible()).toBe(
      true,
    );
    expect(trouble).toEqual([]);
  });

  it.each([true, false])('pauses relaying and resumes it, scripts on: %s', async (javaScriptEnabled) => {
    const { page, trouble } = await visit({ javaScriptEnabled });
    expect((await stage.call('/projects?limit=1')).status).toBe(200);
    await page.getByRole('button', { name: 'Pause relaying' }).click();
    await page.getByRole('button', { name: 'Resume relaying' }).waitFor();
    for (const over of ['socket', 'stream'] as const) {
      const { status, body } = await stage.call('/projects?limit=1', { over });
      expect([over, status, JSON.parse(body.toString()).code]).toEqual([over, 503, 'PAUSED']);
    }
    expect(await page.title()).toMatch(/^Paused – /);
    expect(await page.getByText('Relaying is paused since').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Resume relaying' }).click();
    await page.getByRole('button', { name: 'Pause relaying' }).waitFor();
    expect((await stage.call('/projects?limit=1')).status).toBe(200);
    expect(trouble).toEqual([]);
  });

  it('refreshes itself, and leaves what is typed, opened and scrolled as it is', async () => {
    const watched = await openPage(browser, { viewport: DESKTOP });
    closing.push(() => watched.close());
    const { page, trouble } = watched;
    page.setDefaultTimeout(WAIT_MS);
    await page.clock.install();
    await page.goto(url);
    await page.getByText('Hits per rule').click();
    const input = page.getByLabel('Path and query');
    await input.fill('/projects/half-ty');
    await page.evaluate('window.scrollTo(0, 300)');
    const before = await page.evaluate('[document.activeElement.name, window.scrollY]');
    await decided('/after-the-page-was-loaded');
    await page.clock.runFor(REFRESH_MS);
    await page
      .locator('#decision-list')
      .getByText('/after-the-page-was-loaded')
      .waitFor({ state: 'attached' });
    expect(await input.inputValue()).toBe('/projects/half-ty');
    expect(await page.evaluate('[document.activeElement.name, window.scrollY]')).toEqual(before);
    expect(await page.locator('#rule-hits').getAttribute('open')).toBeNull();
    expect(trouble).toEqual([]);
  });

  it('does not read a page that nobody sees, and says when the agent does not answer', async () => {
    const admin = await openAdmin();
    let up = true;
    const end = async () => {
      if (up) await admin.close();
      up = false;
    };
    closing.push(end);
    const watched = await openPage(browser);
    closing.push(() => watched.close());
    const { page } = watched;
    page.setDefaultTimeout(WAIT_MS);
    await page.clock.install();
    await page.goto(admin.url);
    const reads: string[] = [];
    page.on('request', (one) => void (one.url() === `${admin.url}/` && reads.push(one.url())));
    await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true })`);
    await page.clock.runFor(3 * REFRESH_MS);
    expect(reads).toEqual([]);
    await page.evaluate(`Object.defineProperty(document, 'hidden', { value: false, configurable: true })`);
    const read = page.waitForResponse(`${admin.url}/`);
    await page.clock.runFor(REFRESH_MS);
    await read;
    await end();
    const told = async () => {
      await page.clock.runFor(REFRESH_MS);
      const words = page.getByText('Not refreshed since: the agent does not answer.');
      return (await words.isVisible()) || undefined;
    };
    await until(told, { timeoutMs: WAIT_MS, what: 'the page says that it is old' });
  });

  it('works in a browser that was given the token as a password', async () => {
    const token = 'sixteen-characters-or-more';
    const admin = await openAdmin({ token });
    closing.push(() => admin.close());
    const httpCredentials = { username: 'operator', password: token };
    const { page, trouble } = await visit({ httpCredentials }, admin.url);
    await page.getByRole('button', { name: 'Pause relaying' }).click();
    await page.waitForURL(/#relaying$/);
    expect(admin.done).toEqual(['pause']);
    expect(trouble).toEqual([]);
  });

  it('stays paused when the agent is started anew', async () => {
    const { page } = await visit();
    await page.getByRole('button', { name: 'Pause relaying' }).click();
    await page.getByRole('button', { name: 'Resume relaying' }).waitFor();
    const token = await page.locator('input[name=token]').inputValue();
    await stage.agent.terminate();
    const agent = await stage.startAgent();
    const line = await agent.waitForLog(
      ({ message }) => String(message).startsWith('relaying is paused'),
      WAIT_MS,
    );
    expect(line).toMatchObject({ level: 'warn', since: expect.any(String) });
    expect((await stage.call('/projects?limit=1')).status).toBe(503);
    // The old page's form is of the old process.
    await page.getByRole('button', { name: 'Resume relaying' }).click();
    await page.getByRole('heading', { name: 'Nothing was changed' }).waitFor();
    await page.getByRole('link', { name: 'Load the status page again' }).click();
    expect(await page.locator('input[name=token]').inputValue()).not.toBe(token);
    await page.getByRole('button', { name: 'Resume relaying' }).click();
    await page.getByRole('button', { name: 'Pause relaying' }).waitFor();
    expect((await stage.call('/projects?limit=1')).status).toBe(200);
  });
});
