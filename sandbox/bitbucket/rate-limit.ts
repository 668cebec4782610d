import { type Answer, json, text } from './answers.ts';
import { errorsBody } from './errors.ts';

/** A token bucket a user, as Data Center has since 6.6. */
export interface RateLimit {
  /** Calls that may come at once; the server's own default is 60. */
  readonly capacity: number;
  /** Calls a second that come back; the server's own default is 5. */
  readonly fillRate: number;
  /** What the 429 carries: not every server sends JSON. Default `json`. */
  readonly body?: 'json' | 'html';
  /** Milliseconds; default `Date.now`. */
  readonly now?: () => number;
}

/** What one call may do, and the headers that tell of it. */
export interface Allowance {
  readonly headers: Readonly<Record<string, string>>;
  /** The 429, when the bucket is empty. */
  readonly refusal: Answer | undefined;
}

const MESSAGE = 'You have sent more requests than you are allowed. Try again later.';

/** Takes one token of the user's bucket. Header names are those of Atlassian's rate-limit library. */
export function rateLimiter(limit: RateLimit): (user: string) => Allowance {
  const now = limit.now ?? Date.now;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (user) => {
    const time = now();
    const bucket = buckets.get(user) ?? { tokens: limit.capacity, at: time };
    bucket.tokens = Math.min(limit.capacity, bucket.tokens + ((time - bucket.at) / 1000) * limit.fillRate);
    bucket.at = time;
    buckets.set(user, bucket);
    const granted = bucket.tokens >= 1;
    if (granted) bucket.tokens -= 1;
    const wait = bucket.tokens >= 1 || granted ? 0 : Math.ceil((1 - bucket.tokens) / limit.fillRate);
    const headers = {
      'X-RateLimit-Limit': String(limit.capacity),
      'X-RateLimit-Remaining': String(Math.floor(bucket.tokens)),
      'X-RateLimit-FillRate': String(limit.fillRate),
      'X-RateLimit-Interval-Seconds': '1',
      'Retry-After': String(wait),
    };
    return { headers, refusal: granted ? undefined : refusal(limit) };
  };
}

function refusal(limit: RateLimit): Answer {
  if (limit.body === 'html')
    return text(429, 'text/html;charset=UTF-8', `<html><body><p>${MESSAGE}</p></body></html>`);
  return json(429, errorsBody(MESSAGE, null), 'length');
}
