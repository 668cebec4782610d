import { describe, expect, it } from '@jest/globals';
import { html } from '../../../src/http/admin/html.ts';

const HOSTILE = `<script>alert("1")</script>&'`;

describe('html', () => {
  it('shows every text as text, between tags and in attributes', () => {
    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;';
    expect(html`<p title="${HOSTILE}">${HOSTILE}</p>`.toString()).toBe(
      `<p title="${escaped}">${escaped}</p>`,
    );
    expect(html`${[HOSTILE, [HOSTILE]]}`.toString()).toBe(escaped + escaped);
  });

  it('takes its own markup as it is, alone and in lists', () => {
    const item = html`<li>${'<b>'}</li>`;
    expect(html`<ul>${item}${[item, item]}</ul>`.toString()).toBe(
      `<ul>${'<li>&lt;b&gt;</li>'.repeat(3)}</ul>`,
    );
  });

  it('takes nothing else for markup, whatever it looks like', () => {
    const forged = { toString: () => '<b>', text: '<b>' };
    expect(() => html`${forged as unknown as string}`.toString()).toThrow(TypeError);
    expect(html`${String(forged)}`.toString()).toBe('&lt;b&gt;');
  });

  it('shows nothing for what is not there, and numbers as they are', () => {
    expect(html`a${null}b${undefined}c${false}d${0}e${''}`.toString()).toBe('abcd0e');
  });

  it('shows characters that steer or do not show as one that does', () => {
    const steering = [
      '\u0000',
      '\u001b',
      '\r',
      '\n',
      '\u0085',
      '\u200b',
      '\u202e',
      '\u2066',
      '\u2028',
      '\ufeff',
    ];
    for (const one of steering) expect(html`a${one}b`.toString()).toBe('a\uFFFDb');
    expect(html`${'\ud800'}`.toString()).toBe('\uFFFD');
    expect(html`${'Müller 漢字 😀'}`.toString()).toBe('Müller 漢字 😀');
  });
});
