import { describe, expect, it } from '@jest/globals';
import { type RateBudget, type RateBudgetOptions, withRateBudget } from '../../src/bitbucket/rate-budget.ts';
import type { Flight, ReplySink, Send } from '../../src/bitbucket/send.ts';
import { AgentError } from '../../src/errors.ts';
import { type HandClock, handClock, turn } from './hand-clock.ts';

type Headers = Record<string, string>;

/** One call that has left the budget, to be answered by hand. */
interface Left {
  readonly name: string;
  readonly sink: ReplySink;
  readonly cancelled: boolean;
  resumed: number;
}

function stage(options: Partial<RateBudgetOptions> = {}) {
  const clock: HandClock = handClock();
  const left: Left[] = [];
  const heard: string[] = [];
  const send: Send = ({ path }, sink) => {
    const call = { name: path, sink, cancelled: false, resumed: 0 };
    left.push(call);
    return {
      resume: () => {
        call.resumed += 1;
      },
      cancel: () => {
        call.cancelled = true;
      },
    };
  };
  const budget: RateBudget = withRateBudget(send, {
    concurrency: 4,
    now: clock.now,
    pause: clock.pause,
    random: () => 0.5,
    ...options,
  });
  const call = (name: string): Flight =>
    budget.send(
      { origin: 'http://b', path: name, method: 'GET', headers: {}, body: null, login: null },
      {
        head: (status) => void heard.push(`${name} head ${status}`),
        data: () => true,
        end: () => void heard.push(`${name} end`),
        failed: (error) => void heard.push(`${name} ${error.code}`),
      },
    );
  const calls = (count: number, prefix = 'c') =>
    Array.from({ length: count }, (_, index) => call(`${prefix}${index + 1}`));
  const answer = (index: number, status = 200, headers: Headers = {}) => {
    const { sink } = left[index] as Left;
    sink.head(status, headers);
    sink.end();
  };
  /** Answers calls as they leave, until `total` have been answered. */
  let answered = 0;
  const answerAll = (total: number, status = 200, headers: Headers = {}) => {
    for (; answered < total; answered += 1) answer(answered, status, headers);
  };
  const names = () => left.map(({ name }) => name);
  return { clock, budget, left, heard, call, calls, answer, answerAll, names, state: () => budget.state() };
}

const broken = (code: 'DOWNSTREAM_TIMEOUT' | 'DOWNSTREAM_ERROR') => new AgentError(code, 'broken');

describe('the queue of the rate budget', () => {
  it('sends as many calls at a time as it may, the others in order of arrival', () => {
    const { calls, names, answer, state } = stage({ concurrency: 2 });
    calls(5);
    expect(names()).toEqual(['c1', 'c2']);
    expect(state()).toMatchObject({ limit: 2, inFlight: 2, waiting: 3, requests: 2 });
    answer(1);
    expect(names()).toEqual(['c1', 'c2', 'c3']);
    answer(0);
    answer(2);
    expect(names()).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
    expect(state()).toMatchObject({ inFlight: 2, waiting: 0, requests: 5, waitedMs: 0 });
  });

  it('takes a cancelled call out of the queue, and gives the place of one under way to the next', () => {
    const { calls, names, left, heard, answer, state } = stage({ concurrency: 1 });
    const [first, second] = calls(4) as [Flight, Flight];
    second.cancel();
    expect(state()).toMatchObject({ inFlight: 1, waiting: 2 });
    first.cancel();
    first.cancel();
    expect(left[0]?.cancelled).toBe(true);
    expect(names()).toEqual(['c1', 'c3']);
    answer(0);
    expect(heard).toEqual([]);
    answer(1);
    expect(names()).toEqual(['c1', 'c3', 'c4']);
    expect(state()).toMatchObject({ inFlight: 1, waiting: 0, requests: 3 });
  });

  it('passes on what the reply brings, and resumes', () => {
    const { call, left, heard, state } = stage();
    const flight = call('c1');
    flight.resume();
    expect(left[0]?.resumed).toBe(1);
    left[0]?.sink.head(200, {});
    left[0]?.sink.failed(broken('DOWNSTREAM_ERROR'));
    expect(heard).toEqual(['c1 head 200', 'c1 DOWNSTREAM_ERROR']);
    expect(state()).toMatchObject({ limit: 4, inFlight: 0 });
  });

  it('cancels what its caller gives up while it is being sent', () => {
    const sinks: ReplySink[] = [];
    const cancelled: true[] = [];
    const answering: Send = (_request, sink) => {
      sinks.push(sink);
      if (sinks.length === 2) sink.head(200, {});
      return { resume() {}, cancel: () => void cancelled.push(true) };
    };
    const budget = withRateBudget(answering, { concurrency: 1 });
    const request = { origin: 'http://b', path: '/', method: 'GET', headers: {}, body: null, login: null };
    const quiet: ReplySink = { head() {}, data: () => true, end() {}, failed() {} };
    budget.send(request, quiet);
    const second: Flight = budget.send(request, { ...quiet, head: () => second.cancel() });
    sinks[0]?.end();
    expect(cancelled).toHaveLength(1);
    expect(budget.state()).toMatchObject({ inFlight: 0, requests: 2 });
  });

  it('gives the place back when a call fails while it is being sent', () => {
    const failing: Send = (_request, sink) => {
      sink.failed(broken('DOWNSTREAM_ERROR'));
      return { resume() {}, cancel() {} };
    };
    const budget = withRateBudget(failing, { concurrency: 1 });
    const failures: string[] = [];
    const sink: ReplySink = {
      head() {},
      data: () => true,
      end() {},
      failed: ({ code }) => void failures.push(code),
    };
    const request = { origin: 'http://b', path: '/', method: 'GET', headers: {}, body: null, login: null };
    for (let count = 0; count < 3; count += 1) budget.send(request, sink);
    expect(failures).toHaveLength(3);
    expect(budget.state()).toMatchObject({ inFlight: 0, waiting: 0, requests: 3 });
  });
});

describe('a 429', () => {
  it('halves the calls at a time once a round, and never below one', async () => {
    const { clock, calls, answerAll, state } = stage({ concurrency: 8 });
    calls(40);
    answerAll(8, 429, { 'retry-after': '1' });
    expect(state()).toMatchObject({ limit: 4, inFlight: 0, waiting: 32 });
    for (const limit of [2, 1, 1]) {
      await clock.advance(1_000);
      answerAll(state().requests, 429, { 'retry-after': '1' });
      expect(state()).toMatchObject({ limit, inFlight: 0 });
    }
  });

  it('holds every call for as long as Bitbucket says, and counts that time once', async () => {
    const { clock, calls, answer, names, state } = stage({ concurrency: 2 });
    calls(4);
    answer(0, 429, { 'retry-after': '3' });
    answer(1, 429, { 'retry-after': '2' });
    await clock.advance(2_999);
    expect(names()).toEqual(['c1', 'c2']);
    expect(state()).toMatchObject({ waiting: 2, waitedMs: 2_999 });
    await clock.advance(1);
    expect(names()).toEqual(['c1', 'c2', 'c3']);
    await clock.advance(10_000);
    expect(state()).toMatchObject({ limit: 1, inFlight: 1, waiting: 1, waitedMs: 3_000 });
  });

  it('counts no time in which nobody waited', async () => {
    const { clock, call, answer, names, state } = stage();
    call('c1');
    answer(0, 429, { 'retry-after': '5' });
    await clock.advance(4_000);
    expect(state().waitedMs).toBe(0);
    call('c2');
    expect(names()).toEqual(['c1']);
    await clock.advance(1_000);
    expect(names()).toEqual(['c1', 'c2']);
    expect(state().waitedMs).toBe(1_000);
  });

  it.each([
    [
      'a date by its own clock',
      { 'retry-after': 'Mon, 01 Jan 2029 00:00:07 GMT', date: 'Mon, 01 Jan 2029 00:00:00 GMT' },
      7_000,
    ],
    ['an absurd time, which is cut', { 'retry-after': '99999999' }, 600_000],
    [
      'an absurd date, which is cut',
      { 'retry-after': 'Mon, 01 Jan 2099 00:00:00 GMT', date: 'Mon, 01 Jan 2029 00:00:00 GMT' },
      600_000,
    ],
    [
      'a date that is over, taken for none',
      { 'retry-after': 'Mon, 01 Jan 2029 00:00:00 GMT', date: 'Mon, 01 Jan 2029 00:00:07 GMT' },
      500,
    ],
    ['nonsense, taken for none', { 'retry-after': 'later' }, 500],
    ['0, taken for none', { 'retry-after': '0' }, 500],
  ])('takes Retry-After as %s', async (_what, headers, ms) => {
    const { clock, calls, answer, names } = stage({ concurrency: 1 });
    calls(2);
    answer(0, 429, headers as Headers);
    await clock.advance(ms - 1);
    expect(names()).toEqual(['c1']);
    await clock.advance(1);
    expect(names()).toEqual(['c1', 'c2']);
  });

  it('without Retry-After backs off with full jitter, longer each time until an answer is good', async () => {
    const { clock, calls, answer, left } = stage({ concurrency: 1 });
    calls(10);
    const ceilings = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const [index, ceiling] of ceilings.entries()) {
      answer(index, 429);
      await clock.advance(ceiling / 2 - 1);
      expect(left).toHaveLength(index + 1);
      await clock.advance(1);
      expect(left).toHaveLength(index + 2);
    }
    answer(7, 200);
    answer(8, 429);
    await clock.advance(500);
    expect(left).toHaveLength(10);
  });

  it('leaves no timer behind when those who waited have gone', async () => {
    const { clock, calls, answer, state } = stage({ concurrency: 1 });
    const [, second, third] = calls(3) as [Flight, Flight, Flight];
    answer(0, 429, { 'retry-after': '60' });
    expect(clock.pausing).toBe(1);
    await clock.advance(1_000);
    second.cancel();
    expect(clock.pausing).toBe(1);
    third.cancel();
    expect(clock.pausing).toBe(0);
    await clock.advance(1_000);
    expect(state()).toMatchObject({ waiting: 0, waitedMs: 1_000 });
  });
});

describe('a Bitbucket that has enough to do', () => {
  it('gets one call less a round for slow answers', async () => {
    const { clock, calls, answerAll, state } = stage({ concurrency: 4, slowMs: 100 });
    calls(20);
    await clock.advance(101);
    answerAll(4);
    expect(state().limit).toBe(3);
    await clock.advance(101);
    answerAll(7);
    expect(state().limit).toBe(2);
  });

  it.each([502, 503, 504])('gets one call less a round for %d', (status) => {
    const { calls, answerAll, state } = stage({ concurrency: 4 });
    calls(8);
    answerAll(4, status);
    expect(state()).toMatchObject({ limit: 3, inFlight: 3 });
  });

  it('gets one call less for a timeout, and none for a connection that broke', () => {
    const { calls, left, state } = stage({ concurrency: 4 });
    calls(2);
    left[0]?.sink.failed(broken('DOWNSTREAM_TIMEOUT'));
    expect(state().limit).toBe(3);
    left[1]?.sink.failed(broken('DOWNSTREAM_ERROR'));
    expect(state().limit).toBe(3);
  });

  it('is left alone for as long as its 503 says', async () => {
    const { clock, calls, answer, names } = stage({ concurrency: 1 });
    calls(2);
    answer(0, 503, { 'retry-after': '30' });
    await clock.advance(29_999);
    expect(names()).toEqual(['c1']);
    await clock.advance(1);
    expect(names()).toEqual(['c1', 'c2']);
  });

  it('still halves for a 429 in the round of a slow answer', async () => {
    const { clock, calls, answer, state } = stage({ concurrency: 8, slowMs: 100 });
    calls(8);
    await clock.advance(101);
    answer(0, 200);
    answer(1, 429);
    expect(state().limit).toBe(3);
  });

  it('gets one call more for as many good answers as the limit, up to where it began', async () => {
    const { clock, calls, answerAll, state } = stage({ concurrency: 4 });
    calls(100);
    answerAll(4, 429, { 'retry-after': '1' });
    await clock.advance(1_000);
    expect(state().limit).toBe(2);
    answerAll(5);
    expect(state().limit).toBe(2);
    answerAll(6);
    expect(state().limit).toBe(3);
    answerAll(9);
    expect(state().limit).toBe(4);
    answerAll(50);
    expect(state().limit).toBe(4);
  });
});

describe('X-RateLimit headers', () => {
  const limit = (remaining: number, more: Headers = {}): Headers => ({
    'x-ratelimit-limit': '60',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-fillrate': '5',
    'x-ratelimit-interval-seconds': '1',
    ...more,
  });

  it('let one call go for each token that comes back', async () => {
    const { clock, calls, answer, names, state } = stage({ concurrency: 4 });
    calls(8);
    for (const [index, remaining] of [3, 2, 1, 0].entries()) answer(index, 200, limit(remaining));
    expect(names()).toHaveLength(4);
    await clock.advance(199);
    expect(names()).toHaveLength(4);
    await clock.advance(1);
    expect(names()).toHaveLength(5);
    answer(4, 200, limit(0));
    await clock.advance(200);
    expect(names()).toHaveLength(6);
    expect(state()).toMatchObject({ waitedMs: 400, limit: 4 });
  });

  it('take calls under way for not yet counted', () => {
    const { calls, answer, names } = stage({ concurrency: 4 });
    calls(8);
    answer(0, 200, limit(4));
    expect(names()).toHaveLength(5);
    answer(1, 200, limit(3));
    expect(names()).toHaveLength(5);
    answer(2, 200, limit(3));
    expect(names()).toHaveLength(6);
  });

  it('count a call that broke off as no call under way', () => {
    const { calls, answer, left, names } = stage({ concurrency: 2 });
    calls(4);
    left[0]?.sink.failed(broken('DOWNSTREAM_ERROR'));
    answer(1, 200, limit(2));
    expect(names()).toHaveLength(4);
  });

  it('know how long a token takes from the interval, and never wait over 10 minutes', async () => {
    const { clock, calls, answer, names } = stage({ concurrency: 1 });
    calls(4);
    answer(0, 200, limit(0, { 'x-ratelimit-interval-seconds': '60' }));
    await clock.advance(11_999);
    expect(names()).toHaveLength(1);
    await clock.advance(1);
    expect(names()).toHaveLength(2);
    answer(1, 200, limit(0, { 'x-ratelimit-interval-seconds': '86400' }));
    await clock.advance(599_999);
    expect(names()).toHaveLength(2);
    await clock.advance(1);
    expect(names()).toHaveLength(3);
  });

  it.each([
    ['no fill rate', { 'x-ratelimit-fillrate': '' }],
    ['a fill rate of nothing', { 'x-ratelimit-fillrate': '0' }],
    ['an interval of nothing', { 'x-ratelimit-interval-seconds': '0' }],
    ['words', { 'x-ratelimit-remaining': 'none' }],
    ['numbers below zero', { 'x-ratelimit-remaining': '-1' }],
  ])('are left aside when they hold %s', async (_what, more) => {
    const { calls, answer, names } = stage({ concurrency: 1 });
    calls(2);
    answer(0, 200, limit(0, more));
    await turn();
    expect(names()).toHaveLength(2);
  });

  it('are forgotten when an answer has none', () => {
    const { calls, answer, names } = stage({ concurrency: 2 });
    calls(4);
    answer(0, 200, limit(0));
    expect(names()).toHaveLength(2);
    answer(1, 200);
    expect(names()).toHaveLength(4);
  });
});
