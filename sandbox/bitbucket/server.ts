import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { send } from './answers.ts';
import { authenticator, type Credential, DEFAULT_CREDENTIALS } from './auth.ts';
import { type Decided, desk } from './desk.ts';
import { type FaultBook, type Faults, faultBook } from './faults.ts';
import { play } from './mishap.ts';
import { type RateLimit, rateLimiter } from './rate-limit.ts';
import { type RecordedRequest, type RequestLog, requestLog } from './requests.ts';
import type { PageCaps, Site } from './route.ts';
import { createWorld, type World } from './world.ts';

/** How the simulated server is set up; everything has a default. */
export interface BitbucketOptions {
  /** 0: any free one. */
  readonly port?: number;
  readonly host?: string;
  /** `''` or a path such as `/bitbucket`, without a slash at the end. */
  readonly contextPath?: string;
  /** PEM; with it the server speaks https. */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  /** The simulated release; `archived` exists from 8.0 on. Default `9.4.0`. */
  readonly version?: string;
  /** The logins; default `DEFAULT_CREDENTIALS`. */
  readonly credentials?: readonly Credential[];
  /** Whether nobody may read what is public. Then a bad bearer token is nobody, not a 401. Default false. */
  readonly anonymousAccess?: boolean;
  /** The largest `limit` by what is listed; default 1000 each. */
  readonly pageCaps?: Partial<PageCaps>;
  /** Off without it, as on a fresh server. */
  readonly rateLimit?: RateLimit;
  readonly world?: World;
  /** Whether `GET /projects` shows personal projects. No recording tells; default false, the harder case for a reader. */
  readonly listPersonalProjects?: boolean;
  /** How many calls are kept in `requests`. Default 1000; 0 for benchmarks. */
  readonly keepRequests?: number;
  /** Milliseconds, for what is created by POST. Default `Date.now`. */
  readonly now?: () => number;
  /** How long an unused connection is kept, milliseconds. Default 20,000, as Tomcat does. */
  readonly keepAliveMs?: number;
  /** Sees every request first, with its body unread; `true`: it has answered, and nothing is recorded. */
  readonly ahead?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A running simulator. */
export interface Bitbucket {
  /** Scheme, host, port and context path; no slash at the end. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly world: World;
  /** The last calls, oldest first. Emptying it (`length = 0`) is allowed. */
  readonly requests: RecordedRequest[];
  readonly faults: Faults;
  /** The first recorded call that matches, or the next that will. */
  arrival(matches: (request: RecordedRequest) => boolean): Promise<RecordedRequest>;
  /** Ends every connection and timer, then the listener. */
  close(): Promise<void>;
}

const CAPS: PageCaps = { users: 1000, groups: 1000, projects: 1000, repositories: 1000, commits: 1000 };

/** The largest request body that is read; a larger one ends the connection. */
const BODY_LIMIT = 32 * 1024 * 1024;

function readBody(request: IncomingMessage, then: (body: Buffer) => void): void {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && (length === undefined || length === '0')) {
    request.resume();
    then(Buffer.alloc(0));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > BODY_LIMIT) request.destroy();
  });
  request.on('end', () => then(Buffer.concat(chunks)));
}

interface Parts {
  readonly log: RequestLog;
  readonly faults: FaultBook;
  readonly decide: (request: IncomingMessage, body: Buffer) => Decided;
}

function handle({ log, faults, decide }: Parts, request: IncomingMessage, response: ServerResponse): void {
  response.on('error', () => response.destroy());
  readBody(request, (body) => {
    const fault = faults.take(log.record(request, response, body));
    if (fault?.kind === 'hang') return;
    const { answer, extra } = decide(request, body);
    if (fault) play(fault, { request, response, extra, truth: () => answer });
    else send(request, response, answer, extra);
  });
}

function siteOf(options: BitbucketOptions, world: World, url: string, host: string): Site {
  const { version = '9.4.0', rateLimit, pageCaps, listPersonalProjects = false, now = Date.now } = options;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return {
    world,
    url,
    ssh: `ssh://git@${host}:7999`,
    version: [major, minor],
    release: version,
    caps: { ...CAPS, ...pageCaps },
    rateLimit: rateLimit && { capacity: rateLimit.capacity, fillRate: rateLimit.fillRate },
    listPersonalProjects,
    now,
    webhooks: new Map(),
  };
}

async function listening(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  return (server.address() as AddressInfo).port;
}

/** Starts a simulated Bitbucket Server. Rejects when the port cannot be opened. */
export async function startBitbucket(options: BitbucketOptions = {}): Promise<Bitbucket> {
  const { host = '127.0.0.1', contextPath = '', tls, rateLimit, world = createWorld() } = options;
  const { credentials = DEFAULT_CREDENTIALS, anonymousAccess = false } = options;
  const faults = faultBook(contextPath);
  const log = requestLog(options.keepRequests ?? 1000);
  const server: Server = tls ? createSecure({ key: tls.key, cert: tls.cert }) : createPlain();
  server.keepAliveTimeout = options.keepAliveMs ?? 20_000;
  const port = await listening(server, options.port ?? 0, host);
  const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}${contextPath}`;
  const decide = desk({
    site: siteOf(options, world, url, host),
    contextPath,
    secure: tls !== undefined,
    authenticate: authenticator(world, credentials, anonymousAccess),
    anonymousAccess,
    limiter: rateLimit && rateLimiter(rateLimit),
  });
  const { ahead = () => false } = options;
  server.on('request', (request, response) => {
    if (!ahead(request, response)) handle({ log, faults, decide }, request, response);
  });
  return {
    url,
    host,
    port,
    world,
    requests: log.requests,
    faults,
    arrival: (matches) => log.arrival(matches),
    async close() {
      log.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
