import { afterEach, describe, expect, it } from '@jest/globals';
import { MarkCourier } from '../../../src/inventory/keeper/mark-courier.ts';
import { readNotice } from '../../../src/inventory/keeper/mark-notice.ts';
import { Marks } from '../../../src/inventory/marks.ts';
import { handClock } from '../../bitbucket/hand-clock.ts';
import { readBody, startServer } from '../../kit/http-server.ts';
import { atTheEnd, endAll, expectSoon, listen, mute, network } from '../../kit/way-out.ts';
import { keeperAt, TOKEN, told } from './stage.ts';

afterEach(endAll);

const place = (sourceId: number, slug = `r${sourceId}`) => ({ sourceId, projectKey: 'PLAT', slug });
const many = (count: number) => Array.from({ length: count }, (_, index) => place(index + 1));

/** The keeper's place: says what it is told to, and keeps what it has taken. */
async function keeper(statuses: readonly number[] = []) {
  const left = [...statuses];
  const taken: unknown[] = [];
  const heard: string[] = [];
  const server = await startServer(async (request, response) => {
    const body = await readBody(request);
    heard.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const status = left.shift() ?? 204;
    if (status === 204) taken.push(readNotice(body));
    response.writeHead(status, { 'x-broker-error-type': status === 503 ? 'MARKS_NOT_TAKEN' : '' }).end();
  });
  atTheEnd(() => server.close());
  return { url: server.origin, taken, heard };
}

function courierTo(url: string) {
  const clock = handClock();
  const marks = new Marks({ now: clock.now, gatherMs: 1_000, everyMs: 1_000 });
  const { log, lines, fields } = told();
  const { now, pause } = clock;
  const parts = { marks, network: network(), keeper: keeperAt(url), log };
  const courier = new MarkCourier({ ...parts, now, pause, random: () => 1 });
  atTheEnd(() => courier.drain(0));
  courier.start();
  return { clock, marks, courier, lines, fields };
}

describe('marks for the agent that keeps the inventory', () => {
  it('are gathered and handed over together, the newest place of each', async () => {
    const { url, taken, heard } = await keeper();
    const { clock, marks, lines } = courierTo(`${url}/base`);
    for (const slug of ['old', 'new']) marks.add(place(1, slug));
    marks.add(place(2));
    await clock.advance(1_000);
    await expectSoon(() => taken.length === 1);
    expect(taken).toEqual([[place(1, 'new'), place(2)]]);
    expect(heard).toEqual([`POST /base/marks Bearer ${TOKEN}`]);
    expect({ lines, size: marks.size }).toEqual({ lines: [], size: 0 });
  });

  it('are handed over in parts where there are many', async () => {
    const { url, taken } = await keeper();
    const { clock, marks } = courierTo(url);
    for (const one of many(250)) marks.add(one);
    await clock.advance(1_000);
    await expectSoon(() => taken.length === 3);
    expect(taken.flat()).toEqual(many(250));
  });

  it('are tried again ever more rarely until they are taken, and that is told twice', async () => {
    const { url, taken, heard } = await keeper([503, 503, 401, 503]);
    const { clock, marks, lines, fields } = courierTo(url);
    marks.add(place(1));
    await clock.advance(1_000);
    for (const [tries, seconds] of [
      [1, 1],
      [2, 2],
      [3, 4],
      [4, 8],
    ] as const) {
      await expectSoon(() => heard.length === tries && clock.pausing === 1);
      marks.add(place(tries + 1));
      await clock.advance(seconds * 1_000 - 1);
      expect(heard).toHaveLength(tries);
      await clock.advance(1);
    }
    await expectSoon(() => taken.length === 1 && lines.length === 4);
    expect(taken).toEqual([many(5)]);
    expect(lines).toEqual([
      'warn marked repositories cannot be handed over MARKS_NOT_TAKEN',
      'warn marked repositories cannot be handed over HTTP_401',
      'warn marked repositories cannot be handed over MARKS_NOT_TAKEN',
      'info marked repositories cannot be handed over: over',
    ]);
    expect(fields.map(({ hint }) => hint)).toEqual([
      expect.stringContaining('PROFILE_NAME'),
      expect.stringContaining('tokens differ'),
      expect.stringContaining('PROFILE_NAME'),
      undefined,
    ]);
  });

  it('are never more than a minute apart', async () => {
    const { url, heard } = await keeper(Array.from({ length: 10 }, () => 500));
    const { clock, marks } = courierTo(url);
    marks.add(place(1));
    await clock.advance(1_000);
    for (let tries = 1; tries < 10; tries += 1) {
      await expectSoon(() => heard.length === tries && clock.pausing === 1);
      await clock.advance(60_000);
    }
    await expectSoon(() => heard.length === 10);
  });
});

describe('at the end', () => {
  it('what waits is handed over at once', async () => {
    const { url, taken } = await keeper();
    const { marks, courier, lines } = courierTo(url);
    marks.add(place(1));
    await courier.drain(2_000);
    expect({ taken, lines, size: marks.size }).toEqual({ taken: [[place(1)]], lines: [], size: 0 });
    expect(marks.add(place(2))).toBe(false);
  });

  it('what fails is tried once more, and what is lost is told', async () => {
    const { url, heard } = await keeper([503, 503]);
    const { clock, marks, courier, lines } = courierTo(url);
    marks.add(place(1));
    await clock.advance(1_000);
    await expectSoon(() => heard.length === 1 && clock.pausing === 1);
    await courier.drain(2_000);
    expect(heard).toHaveLength(2);
    expect(lines.at(-1)).toBe('warn marked repositories are lost');
  });

  it('it does not wait for a keeper that says nothing', async () => {
    const { clock, marks, courier, lines } = courierTo(`http://127.0.0.1:${await listen(mute())}`);
    marks.add(place(1));
    await clock.advance(1_000);
    await courier.drain(50);
    expect(lines).toEqual([
      'warn marked repositories cannot be handed over ETIMEDOUT',
      'warn marked repositories are lost',
    ]);
  });

  it('nothing is sent where nothing waits', async () => {
    const { url, heard } = await keeper();
    const { courier } = courierTo(url);
    await courier.drain(2_000);
    expect(heard).toEqual([]);
  });
});
