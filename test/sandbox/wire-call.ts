import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';

/** An answer as it came over the wire, nothing decoded. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** How the body ended: `whole`, or the code of what broke it off. */
  readonly end: string;
}

export interface WireCall {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** `name:password` for Basic; default the simulator's plain user. `null`: no login. */
  readonly login?: string | null;
  readonly token?: string;
  readonly ca?: string;
}

function headersOf({
  headers = {},
  login = 'agent:agent-password',
  token,
}: WireCall): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}`, ...headers };
  if (login === null) return headers;
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}`, ...headers };
}

/** Calls with exactly this target, on a connection of its own. Rejects when no head came. */
export function wireCall(origin: string, path: string, call: WireCall = {}): Promise<WireAnswer> {
  const send = origin.startsWith('https:') ? secureRequest : plainRequest;
  const { hostname, port, pathname } = new URL(origin);
  const target = pathname === '/' ? path : pathname + path;
  const { method = 'GET', ca } = call;
  const options = { hostname, port, path: target, method, agent: false as const, headers: headersOf(call) };
  return new Promise((resolve, reject) => {
    const request = send({ ...options, ...(ca === undefined ? {} : { ca }) }, (response) => {
      const chunks: Buffer[] = [];
      const done = (end: string) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          end,
        });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done('whole'));
      response.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    });
    request.on('error', reject);
    request.end(call.body);
  });
}

/** A page or an entity, read as loosely as a test needs. */
export interface Loose {
  readonly [key: string]: unknown;
  readonly size?: number;
  readonly limit?: number;
  readonly start?: number;
  readonly isLastPage?: boolean;
  readonly nextPageStart?: number | null;
  readonly values?: readonly Loose[];
  readonly errors?: readonly { readonly exceptionName: string | null; readonly message: string }[];
}

export function parsed(answer: WireAnswer): Loose {
  return JSON.parse(answer.body.toString('utf8'));
}

/** Follows nextPageStart to the end and gives every page. `path` holds a query already. */
export async function allPages(origin: string, path: string, call: WireCall = {}): Promise<Loose[]> {
  const pages: Loose[] = [];
  for (let start: number | null | undefined = 0; typeof start === 'number'; ) {
    const page: Loose = parsed(await wireCall(origin, `${path}&start=${start}`, call));
    pages.push(page);
    if (pages.length > 1000) throw new Error(`${path} does not end`);
    start = page.isLastPage ? undefined : page.nextPageStart;
  }
  return pages;
}
