import { afterEach, describe, expect, it } from '@jest/globals';
import { startReceiver } from '../../../sandbox/receiver.ts';
import type { CallRecord } from '../../../src/call.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { httpsDestination } from '../../../src/inventory/deliver/https-destination.ts';
import { recorded } from '../../../src/inventory/deliver/recorded.ts';
import { atTheEnd, endAll, network } from '../../kit/way-out.ts';

afterEach(endAll);

const never = new AbortController().signal;
const shipment = { body: Buffer.from('{"batch":1}'), key: 'run:1' };

async function stage(path: string, closed: () => ErrorCode | null = () => null) {
  const server = await startReceiver();
  atTheEnd(() => server.close());
  const records: CallRecord[] = [];
  const destination = recorded(
    httpsDestination(network(), { url: `${server.url}${path}`, token: null, timeoutMs: 20_000 }),
    { record: (record) => void records.push(record), closed },
  );
  return { server, destination, records };
}

describe('a recorded destination', () => {
  it('records each try with the key of the batch, without the query of its URL', async () => {
    const { server, destination, records } = await stage('/batches?key=secret');
    server.respond(() => ({ status: 503 }));
    expect((await destination.send(shipment, never)).status).toBe(503);
    expect(records).toEqual([
      {
        requestId: 'run:1',
        method: 'POST',
        path: '/batches',
        allowed: true,
        ruleId: null,
        reason: 'allowed',
        status: 503,
        bytes: 11,
        ms: expect.any(Number),
      },
    ]);
  });

  it('records a try without an answer with its code, and fails as before', async () => {
    const { server, destination, records } = await stage('/batches');
    await server.close();
    await expect(destination.send(shipment, never)).rejects.toMatchObject({
      code: 'DESTINATION_UNREACHABLE',
    });
    expect(records).toMatchObject([{ status: 0, code: 'DESTINATION_UNREACHABLE' }]);
  });

  it('sends nothing that must be audited and cannot be, and records the try', async () => {
    let code: ErrorCode | null = 'AUDIT_UNAVAILABLE';
    const { server, destination, records } = await stage('/batches', () => code);
    let received = 0;
    server.respond(() => {
      received += 1;
      return {};
    });
    await expect(destination.send(shipment, never)).rejects.toMatchObject({ code });
    expect(received).toBe(0);
    code = null;
    expect((await destination.send(shipment, never)).status).toBe(200);
    expect(records).toMatchObject([{ status: 0, code: 'AUDIT_UNAVAILABLE' }, { status: 200 }]);
  });
});
