import { fail, pass, type Result, skip, warn } from '../finding.ts';
import type { ClockSight, Observations } from '../observations.ts';
import type { Check } from '../run-checks.ts';

const SKEW_WARN_MS = 60_000;
const SKEW_FAIL_MS = 5 * 60_000;
const LOW_SHARE = 0.2;

/** This host's clock against what the answers of other checks carried in `Date`. */
export function clockCheck(after: readonly string[], observations: Observations): Check {
  return {
    name: 'clock',
    after,
    run: () => {
      const { clocks } = observations;
      return clocks.length === 0 ? [skip('no answer told the time')] : clocks.map(skew);
    },
  };
}

function skew({ server, offMs }: ClockSight): Result {
  const seconds = Math.round(Math.abs(offMs) / 1000);
  const what = `${server}'s clock is ${seconds} s ${offMs < 0 ? 'behind' : 'ahead of'} this host's`;
  const data = { server, offMs };
  if (Math.abs(offMs) <= SKEW_WARN_MS) return pass(what, data);
  const todo = "Set this host's clock by NTP; if it is right, tell whoever runs the other one.";
  return Math.abs(offMs) > SKEW_FAIL_MS ? fail(what, todo, data) : warn(what, todo, data);
}

/** What Bitbucket's answers to other checks told of its rate limit. */
export function rateLimitCheck(waits: Pick<Check, 'needs' | 'after'>, observations: Observations): Check {
  return {
    name: 'rate limit',
    ...waits,
    run: () => {
      const { rate } = observations;
      if (rate === null) return [pass('Bitbucket tells of none')];
      const { refused, remaining, limit } = rate;
      const left =
        remaining === null ? '' : `: ${remaining}${limit === null ? '' : ` of ${limit}`} calls left`;
      const raise = "Raise the rate limit of the agent's user in Bitbucket, or lower BITBUCKET_CONCURRENCY.";
      if (refused) return [warn(`Bitbucket refuses calls for it just now (429)${left}`, raise, { ...rate })];
      const low = remaining !== null && limit !== null && limit > 0 && remaining < limit * LOW_SHARE;
      return [low ? warn(`nearly used up${left}`, raise, { ...rate }) : pass(`in order${left}`, { ...rate })];
    },
  };
}
