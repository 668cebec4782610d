/**
 * The page's only script: it reads the page again every few seconds and puts newer parts in the place of older ones.
 * Forms that are being filled in, what is selected, what has the keyboard and what was opened stay as they are; a page
 * that nobody sees is not read. Plain text, since no build step makes files for browsers.
 */
export const REFRESH_SCRIPT = `'use strict';
(() => {
  const EVERY_MS = 5000;
  const LIMIT_MS = 10000;
  const freshness = document.getElementById('freshness');
  let busy = false;

  const inUse = (part) => {
    const selection = document.getSelection();
    return part.contains(document.activeElement) ||
      (selection !== null && !selection.isCollapsed && selection.containsNode(part, true));
  };

  const replace = (part, newer) => {
    if (newer === null || part.innerHTML === newer.innerHTML || inUse(part)) return;
    for (const fold of part.querySelectorAll('details[id]')) {
      const same = newer.ownerDocument.getElementById(fold.id);
      if (same !== null) same.open = fold.open;
    }
    part.replaceChildren(...newer.childNodes);
  };

  const refresh = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const url = location.origin + location.pathname + location.search;
      const answer = await fetch(url, { headers: { accept: 'text/html' }, signal: AbortSignal.timeout(LIMIT_MS) });
      if (!answer.ok) throw new Error(String(answer.status));
      const newer = new DOMParser().parseFromString(await answer.text(), 'text/html');
      document.title = newer.title;
      for (const part of document.querySelectorAll('[data-live]')) replace(part, newer.getElementById(part.id));
      freshness.textContent = '';
    } catch {
      freshness.textContent = 'Not refreshed since: the agent does not answer.';
    } finally {
      busy = false;
    }
  };

  setInterval(refresh, EVERY_MS);
  document.addEventListener('visibilitychange', refresh);
})();
`;
