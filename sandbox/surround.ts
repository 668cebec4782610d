import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Caller } from './caller.ts';
import { type LoadReport, putUnderLoad } from './load.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';

/**
 * `npm run surround`: everything around agents that run elsewhere, such as in a container or a cluster: a Bitbucket
 * simulator, the real Snyk Broker server, a stand-in for the Snyk API. Up until Ctrl-C. `--host` is an address of this
 * machine that they reach, `--port` the first of three ports, `--env` a file for what they need to know. With
 * `--rate N --seconds N` each empty line on stdin puts them under load once, and tells what became of the calls.
 */

const PATHS = ['/projects?limit=2', '/users?limit=5', '/repos?limit=5', '/projects/PLAT'];

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '17990' },
    token: { type: 'string' },
    env: { type: 'string' },
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '60' },
  },
});

const write = (text: string) => process.stdout.write(`${text}\n`);
const { host, port, token, env: file } = values;
const around = await startSurroundings({
  host,
  firstPort: Number(port),
  ...(token === undefined ? {} : { token }),
});
const lines = Object.entries(around.agentEnv).map(([name, value]) => `${name}=${value}`);
if (file !== undefined) writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
write(`${lines.join('\n')}\n\nUp until Ctrl-C; an empty line puts the agents under load.`);

const end = async () => {
  await around.close();
  process.exit(0);
};
process.once('SIGINT', end);
process.once('SIGTERM', end);
for await (const _ of process.stdin) await load(around);

async function load({ broker, token: its }: Surroundings): Promise<void> {
  const caller = new Caller(broker.url, broker.ca, (path) => `/broker/${its}${path}`);
  const { rate, seconds } = values;
  write(`${rate} calls a second for ${seconds} s`);
  const report = await putUnderLoad({
    rate: Number(rate),
    seconds: Number(seconds),
    paths: PATHS,
    call: (path, options) => caller.call(path, options),
    failed: (second, path, what) => write(`  after ${second} s: ${path}: ${what}`),
  });
  await caller.close();
  write(told(report));
  const { users, repositories, batches, problems } = around.essentials;
  write(
    `Snyk's side holds ${users.size} users and ${repositories.size} repositories, in ${batches.length} batches.`,
  );
  for (const problem of problems) write(`  ! ${problem}`);
}

function told({ sent, answered, failures, p50, p99, slowest }: LoadReport): string {
  const failed = Object.entries(failures).map(([what, count]) => `${count} × ${what}`);
  const times = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, slowest ${slowest.toFixed(0)} ms`;
  return `${sent} calls, ${answered} answered with 200, ${sent - answered} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}; ${times}`;
}
