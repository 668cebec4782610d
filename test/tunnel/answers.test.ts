import { afterEach, describe, expect, it } from '@jest/globals';
import { startBrokerDouble } from '../kit/broker-double.ts';
import { ackOf, closeAll, closing, echo, isAck, openPair, tunnelTo } from '../kit/tunnel-pair.ts';

afterEach(closeAll);

describe('answers over the socket', () => {
  it('acknowledges with status, headers and the body as text', async () => {
    const { primary } = await openPair();
    const body = { $binary: Buffer.from('{"a":1}').toString('base64') };
    primary.emit(
      'request',
      { url: '/a?b=c', method: 'POST', headers: {}, body, streamingID: '', requestId: 'r' },
      9,
    );
    const answer = ackOf(await primary.next(isAck(9)));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ method: 'POST', url: '/a?b=c', body: '{"a":1}' });
  });

  it.each([
    ['a body that is not UTF-8', Buffer.from([0xff, 0xfe, 0x00]), 'BODY_NOT_UTF8'],
    ['a body over 20 MiB', Buffer.alloc(20 * 1024 * 1024 + 1, 'a'), 'BODY_TOO_LARGE'],
    [
      'a body that grows over the frame limit when encoded',
      Buffer.alloc(15 * 1024 * 1024, '"'),
      'BODY_TOO_LARGE',
    ],
  ])('refuses %s with a code of its own', async (_name, body, code) => {
    const { primary, tunnel } = await openPair({
      serve: (_call, answer) => {
        answer.begin({ status: 200, headers: {} });
        answer.write(body);
        answer.end();
      },
    });
    primary.emit('request', { url: '/a', method: 'GET', headers: {} }, 1);
    const answer = ackOf(await primary.next(isAck(1)));
    expect(answer).toMatchObject({ status: 502, errorType: code });
    expect(JSON.parse(answer.body)).toMatchObject({ code });
    expect(tunnel.open).toBe(true);
  });

  it('answers exactly once, however often the end is told', async () => {
    const { primary } = await openPair({
      serve: (call, answer) => {
        echo(call, answer);
        answer.end();
        answer.fail({ status: 502, headers: {} }, 'late', 'DOWNSTREAM_ERROR');
        answer.write(Buffer.from('later'));
      },
    });
    primary.emit('request', { url: '/a', method: 'GET', headers: {} }, 1);
    primary.emit('request', { url: '/b', method: 'GET', headers: {} }, 2);
    await primary.next(isAck(2));
    expect(primary.frames.filter(isAck(1))).toHaveLength(1);
  });

  it('answers a defect of its own too', async () => {
    const { primary, tunnel } = await openPair({
      serve: () => {
        throw new TypeError('secret detail');
      },
    });
    primary.emit('request', { url: '/a', method: 'GET', headers: {} }, 1);
    const frame = await primary.next(isAck(1));
    expect(ackOf(frame)).toMatchObject({ status: 500, errorType: 'INTERNAL' });
    expect(frame).not.toContain('secret detail');
    expect(tunnel.open).toBe(true);
  });
});

describe('requests to Snyk', () => {
  const request = {
    method: 'POST',
    url: '/webhook/bitbucket-server/1',
    headers: { 'x-a': 'b' },
    body: Buffer.from([0, 1]),
    requestId: 'r',
  };

  it('go out as an event with an id and come back as its acknowledgement', async () => {
    const { primary, tunnel } = await openPair();
    const answer = tunnel.request(request);
    const frame = JSON.parse((await primary.next((text) => text.includes('"request"'))).slice(1)) as {
      id: number;
      data: [string, object];
    };
    expect(frame.data[1]).toEqual({
      url: request.url,
      method: 'POST',
      headers: { 'x-a': 'b' },
      body: { $binary: 'AAE=' },
      streamingID: '',
      requestId: 'r',
    });
    primary.websocket.send(
      `4${JSON.stringify({ type: 1, id: frame.id, data: [{ status: 202, headers: { a: 'b' }, body: 'ok' }] })}`,
    );
    expect(await answer).toEqual({ status: 202, headers: { a: 'b' }, body: 'ok' });
  });

  it('fail at once when the socket closes, and in time when there is no answer', async () => {
    const { primary, tunnel } = await openPair();
    const lost = tunnel.request(request);
    await primary.next((text) => text.includes('"request"'));
    primary.websocket.terminate();
    await expect(lost).rejects.toMatchObject({ code: 'TUNNEL_CLOSED' });
    await expect(tunnel.request(request, 20)).rejects.toMatchObject({ code: 'TUNNEL_TIMEOUT' });
  });

  it('fail when there is no tunnel', async () => {
    const double = await startBrokerDouble();
    closing.push(() => double.close());
    const { tunnel } = tunnelTo(double);
    await expect(tunnel.request(request)).rejects.toMatchObject({ code: 'TUNNEL_CLOSED' });
  });
});
