import { describe, expect, it } from '@jest/globals';
import type { ReplySink, Send } from '../../src/bitbucket/send.ts';
import { withTimeLimit } from '../../src/bitbucket/time-limit.ts';
import { handClock } from './hand-clock.ts';

const REQUEST = { origin: 'http://b', path: '/', method: 'GET', headers: {}, body: null, login: null };

function stage() {
  const clock = handClock();
  const below: ReplySink[] = [];
  const done: string[] = [];
  const send: Send = (_request, sink) => {
    below.push(sink);
    return { resume: () => void done.push('resumed'), cancel: () => void done.push('cancelled') };
  };
  const heard: string[] = [];
  const flight = withTimeLimit(send, { ms: 600_000, pause: clock.pause })(REQUEST, {
    head: (status) => void heard.push(`head ${status}`),
    data: (chunk) => heard.push(String(chunk)) > 0,
    end: () => void heard.push('end'),
    failed: ({ code, message }) => void heard.push(`${code} ${message}`),
  });
  return { clock, sink: below[0] as ReplySink, done, heard, flight };
}

describe('the time for a whole answer', () => {
  it('ends an answer that goes on for ever', async () => {
    const { clock, sink, done, heard } = stage();
    sink.head(200, {});
    await clock.advance(599_999);
    sink.data(Buffer.from('one'));
    await clock.advance(1);
    expect(heard.slice(0, 2)).toEqual(['head 200', 'one']);
    expect(heard[2]).toMatch(/^DOWNSTREAM_TIMEOUT .*10 minutes/);
    expect(done).toEqual(['cancelled']);
    sink.data(Buffer.from('late'));
    sink.end();
    expect(heard).toHaveLength(3);
  });

  it.each([
    ['has come', ({ sink }: ReturnType<typeof stage>) => sink.end()],
    ['nobody waits for', ({ flight }: ReturnType<typeof stage>) => flight.cancel()],
  ])('holds on to nothing when the answer is one that %s', async (_, end) => {
    const parts = stage();
    expect(parts.clock.pausing).toBe(1);
    end(parts);
    expect(parts.clock.pausing).toBe(0);
    const before = [...parts.heard];
    await parts.clock.advance(600_000);
    expect(parts.heard).toEqual(before);
  });
});
