import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import type { LogLine } from '../agent-process.ts';
import type { CallAnswer } from '../caller.ts';
import type { Stage } from '../stage.ts';
import { DEMO_CALLS, DEMO_WEBHOOK, type DemoCall } from './calls.ts';
import type { Row } from './table.ts';

const PATIENCE_MS = 3_000;

/** Makes every call of the demo, one after the other, and says how each came out. */
export async function runCalls(stage: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  for (const call of DEMO_CALLS) rows.push(await runCall(stage, call));
  rows.push(await runWebhook(stage));
  return rows;
}

async function runCall(stage: Stage, call: DemoCall): Promise<Row> {
  const before = new Set(stage.bitbucket.requests);
  const title = `${call.method ?? 'GET'} ${call.path}`;
  try {
    const answer = await stage.call(call.path, call);
    const line = await logOf(stage, call, answer);
    const arrived = stage.bitbucket.requests.filter((one) => !before.has(one)).map(({ url }) => url);
    const surprise = surpriseOf(call, answer, line, arrived);
    return {
      call: title,
      over: call.over,
      status: answer.status,
      ms: answer.ms,
      ...verdictOf(line, answer),
      surprise,
    };
  } catch (error) {
    return {
      call: title,
      over: call.over,
      status: 0,
      ms: 0,
      verdict: 'unknown',
      rule: '-',
      surprise: String(error),
    };
  }
}

/** What the agent logged of this call; `undefined` when the broker server never passed it on. */
async function logOf(
  { agent }: Stage,
  call: DemoCall,
  { requestId }: CallAnswer,
): Promise<LogLine | undefined> {
  const isThis = outcomeOf(requestId);
  return call.answeredBy === 'server' ? agent.log.find(isThis) : await agent.waitForLog(isThis, PATIENCE_MS);
}

/** The agent's one line about a call: `relayed` or `refused`, with `webhook` before it for one of those. */
const outcomeOf = (requestId: string) => (line: LogLine) =>
  line.requestId === requestId && /(relayed|refused)$/.test(`${line.message}`);

const isRelayed = (line: LogLine) => `${line.message}`.endsWith('relayed');

function verdictOf(line: LogLine | undefined, { status }: { status: number }): Pick<Row, 'verdict' | 'rule'> {
  if (line === undefined) {
    return { verdict: status === 401 ? 'blocked' : 'unknown', rule: 'by the broker server itself' };
  }
  if (isRelayed(line)) return { verdict: 'allowed', rule: `${line.ruleId ?? '-'}` };
  return { verdict: 'blocked', rule: `${line.reason ?? '-'}` };
}

function surpriseOf(
  call: DemoCall,
  answer: CallAnswer,
  line: LogLine | undefined,
  arrived: readonly string[],
): string {
  if (answer.status !== call.status) return `status ${answer.status}, expected ${call.status}`;
  const by = line === undefined ? 'server' : isRelayed(line) ? 'Bitbucket' : 'agent';
  if (by !== call.answeredBy) return `answered by ${by}, expected ${call.answeredBy}`;
  if (by !== 'Bitbucket' && !answer.body.includes('"FILTER_BLOCKED"')) return 'a body without FILTER_BLOCKED';
  if (by !== 'Bitbucket') return arrived.length === 0 ? '' : `reached Bitbucket as ${arrived.join(', ')}`;
  const [url = 'nothing', ...more] = arrived;
  return url.endsWith(call.path) && more.length === 0
    ? ''
    : `reached Bitbucket as ${[url, ...more].join(', ')}`;
}

/** Bitbucket's own road: a webhook to the agent's public port, out through the tunnel to Snyk's side. */
async function runWebhook({ agent, agentUrl, receiver }: Stage): Promise<Row> {
  const { path, body } = DEMO_WEBHOOK;
  const row = { call: `POST ${path}`, over: 'webhook' };
  const requestId = randomUUID();
  const begun = performance.now();
  try {
    const answer = await request(`${agentUrl}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-event-key': 'repo:refs_changed',
        'x-request-id': requestId,
      },
      body,
    });
    await answer.body.dump();
    const ms = performance.now() - begun;
    const status = answer.statusCode;
    const line = await agent.waitForLog(outcomeOf(requestId), PATIENCE_MS);
    const came = receiver.received.some((one) => one.url === path && one.body.toString() === body);
    const surprise =
      status !== 200 ? `status ${status}, expected 200` : came ? '' : 'its bytes did not reach Snyk';
    return { ...row, ...verdictOf(line, { status }), status, ms, surprise };
  } catch (error) {
    return { ...row, verdict: 'unknown', rule: '-', status: 0, ms: 0, surprise: String(error) };
  }
}
