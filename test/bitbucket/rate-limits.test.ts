import { describe, expect, it } from '@jest/globals';
import { RateLimits } from '../../src/bitbucket/rate-limits.ts';

const NOW = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');

function waitAfter(headers: Record<string, string>): number {
  const limits = new RateLimits(
    () => 0,
    () => 0.5,
    () => NOW,
  );
  limits.left();
  limits.answered(429, headers);
  return limits.waitMs();
}

describe('Retry-After as a date', () => {
  it("is read against the agent's clock where the answer has none, and cut", () => {
    expect(waitAfter({ 'retry-after': 'Wed, 21 Oct 2026 07:29:30 GMT' })).toBe(90_000);
    expect(waitAfter({ 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' })).toBe(600_000);
  });
});

it('takes a number beyond all for none', () => {
  const limits = new RateLimits(
    () => 0,
    () => 0.5,
  );
  limits.left();
  limits.answered(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-fillrate': '9'.repeat(400) });
  expect(limits.waitMs()).toBe(0);
});
