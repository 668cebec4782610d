/**
 * The simulator as a process of its own: `node bench/sync/bitbucket.ts REPOSITORIES PROJECTS USERS`. The first line it
 * writes has its URL. SIGUSR2: another line with the paths that were asked for since the last one, in order, and the
 * CPU seconds it took.
 */
import { startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { LOGIN, MOST_REQUESTS } from './places.ts';

const [repositories = 0, projects = 0, users = 0] = process.argv.slice(2).map(Number);
const bitbucket = await startBitbucket({
  world: createWorld({ repositories, projects, users }),
  credentials: [{ ...LOGIN, role: 'sysadmin' }],
  keepRequests: MOST_REQUESTS,
});
let before = process.cpuUsage();

process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  const urls = bitbucket.requests.splice(0).map(({ url }) => url);
  console.log(JSON.stringify({ urls, cpuSeconds: (user + system) / 1e6 }));
});
console.log(JSON.stringify({ url: bitbucket.url }));
