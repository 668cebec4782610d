import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Outgoing, ReplySink, Send } from '../../../src/bitbucket/send.ts';
import { withLocalOrigin } from '../../../src/inventory/pull/local-origin.ts';
import { LocalFlight } from '../../../src/inventory/pull/local-reply.ts';

const BODY = Buffer.alloc(300_000, 'x');
const make = () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: BODY });

/** Notes what it hears; `takes` says whether there is room for more. */
function listener(takes: (chunk: Buffer) => boolean = () => true) {
  const heard: string[] = [];
  const sink: ReplySink = {
    head: (status) => heard.push(`head ${status}`),
    data: (chunk) => {
      heard.push(`data ${chunk.length}`);
      return takes(chunk);
    },
    end: () => heard.push('end'),
    failed: (error) => heard.push(`failed ${error.code}`),
  };
  return { heard, sink };
}

const turns = async (count = 10) => {
  for (let done = 0; done < count; done += 1) await turn();
};

describe('a reply made here', () => {
  it('comes after the caller has its flight, in pieces', async () => {
    const { heard, sink } = listener();
    new LocalFlight(make, sink, { bodyless: false });
    expect(heard).toEqual([]);
    await turns();
    expect(heard).toEqual(['head 200', ...Array(4).fill('data 65536'), 'data 37856', 'end']);
  });

  it('waits whenever the sink has no room, until it has', async () => {
    const { heard, sink } = listener(() => false);
    const flight = new LocalFlight(make, sink, { bodyless: false });
    await turns();
    expect(heard).toEqual(['head 200', 'data 65536']);
    for (let pieces = 2; pieces <= 5; pieces += 1) {
      flight.resume();
      flight.resume();
      await turns();
      expect(heard).toHaveLength(1 + pieces);
    }
    flight.resume();
    await turns();
    expect(heard.at(-1)).toBe('end');
    flight.resume();
    flight.cancel();
    await turns();
    expect(heard.filter((word) => word === 'end')).toHaveLength(1);
  });

  it('is not heard of any more once it is cancelled: before it begins, held, or in the middle of a piece', async () => {
    let made = 0;
    const counted = () => {
      made += 1;
      return make();
    };
    const early = listener();
    new LocalFlight(counted, early.sink, { bodyless: false }).cancel();
    const held = listener(() => false);
    const flight = new LocalFlight(make, held.sink, { bodyless: false });
    const within = listener(() => {
      cut.cancel();
      return true;
    });
    const cut: LocalFlight = new LocalFlight(make, within.sink, { bodyless: false });
    await turns();
    flight.resume();
    flight.cancel();
    flight.resume();
    await turns();
    expect({ made, heard: early.heard }).toEqual({ made: 0, heard: [] });
    expect(held.heard).toEqual(['head 200', 'data 65536']);
    expect(within.heard).toEqual(['head 200', 'data 65536']);
  });

  it('that cannot be made is a failure, once', async () => {
    const { heard, sink } = listener();
    const broken = () => {
      throw new TypeError('a defect');
    };
    const flight = new LocalFlight(broken, sink, { bodyless: false });
    await turns();
    flight.resume();
    await turns();
    expect(heard).toEqual(['failed INTERNAL']);
  });
});

describe('withLocalOrigin', () => {
  it('keeps requests of that very origin here and sends all others on', () => {
    const went: string[] = [];
    const to =
      (name: string): Send =>
      ({ origin }) => {
        went.push(`${origin} ${name}`);
        return { resume() {}, cancel() {} };
      };
    const send = withLocalOrigin(to('out'), 'agent:', to('here'));
    const request: Outgoing = { origin: '', path: '/', method: 'GET', headers: {}, body: null, login: null };
    for (const origin of ['agent:', 'http://agent:80', 'https://bitbucket.test', '']) {
      send({ ...request, origin }, listener().sink);
    }
    expect(went).toEqual(['agent: here', 'http://agent:80 out', 'https://bitbucket.test out', ' out']);
  });
});
