import { describe, expect, it } from '@jest/globals';
import { acceptListFor } from '../../bench/accept-list.ts';
import { LARGE_PAGE } from '../../bench/places.ts';
import { loadRules } from '../../src/rules/compile.ts';

const variable = (name: string) =>
  ({ BITBUCKET_USERNAME: 'agent', BITBUCKET_PASSWORD: 'agent-password' })[name];

describe('the accept list of all contenders', () => {
  const text = acceptListFor('http://127.0.0.1:7990');

  it('has 130 rules, and leads to the one Bitbucket', () => {
    const { private: rules } = JSON.parse(text) as { private: { origin: string }[] };
    expect(rules).toHaveLength(130);
    expect(new Set(rules.map(({ origin }) => new URL(origin).host))).toEqual(new Set(['127.0.0.1:7990']));
  });

  it('is one that this agent takes, and allows what is measured by a rule in its middle', () => {
    const { rules } = loadRules(text, 'bench.json', {
      variable,
      bitbucket: { scheme: 'http', host: '127.0.0.1:7990' },
      allowWrites: false,
    });
    const verdict = rules?.decide({ method: 'GET', url: LARGE_PAGE, headers: {}, body: null });
    expect(verdict).toMatchObject({ allowed: true });
    const { private: all } = JSON.parse(text) as { private: { path: string }[] };
    const place = all.findIndex(({ path }) => path === '/admin/users');
    expect(place).toBeGreaterThan(40);
    expect(place).toBeLessThan(90);
  });
});
