import { existsSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
];

/** Where a Chromium is: what `CHROMIUM_PATH` names, or else a usual place; `null`: nowhere. */
export const CHROMIUM: string | null =
  [process.env.CHROMIUM_PATH ?? '', ...PLACES].find((path) => path !== '' && existsSync(path)) ?? null;

/** Starts it with a profile of its own, which its end removes. */
export async function startChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  if (CHROMIUM === null) throw new Error('there is no Chromium');
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A page, and everything on it that should not be: dialogs, errors, what the content policy forbade. */
export interface WatchedPage {
  readonly page: Page;
  readonly trouble: readonly string[];
  close(): Promise<void>;
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on('dialog', (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => void trouble.push(`error: ${error.message}`));
  page.on('console', (line) => {
    if (line.type() === 'error' || line.type() === 'warning') trouble.push(`console: ${line.text()}`);
  });
  return { page, trouble, close: () => context.close() };
}

/** How far the page reaches beyond the right edge, in CSS pixels. */
export const sidewaysOverflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** The lowest contrast (WCAG 2.2) of any text that is shown, with that text; what is asked for is 4.5. */
export const lowestContrast = (page: Page): Promise<{ readonly ratio: number; readonly text: string }> =>
  page.evaluate(`(() => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
      const [r, g, b] = color.map((part) => part / 255).map((part) =>
        part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const [r, g, b, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
        if (alpha === 1) return [r, g, b];
        if (alpha > 0) throw new Error('a background that shows through');
      }
      throw new Error('no background');
    };
    let lowest = { ratio: 21, text: '' };
    for (const element of document.body.querySelectorAll('*')) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
      if (!own || element.getClientRects().length === 0) continue;
      const [one, other] = [parse(getComputedStyle(element).color).slice(0, 3), ground(element)].map(light);
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (ratio < lowest.ratio) lowest = { ratio, text: element.textContent.trim().slice(0, 60) };
    }
    return lowest;
  })()`);
