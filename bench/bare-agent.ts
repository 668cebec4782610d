/**
 * What relaying costs when nothing else is done: two sockets, both answer paths, streams with back-pressure; no rules, no
 * audit, no log, no limits, no second try. Its environment: BROKER_SERVER_URL, BROKER_TOKEN, BITBUCKET_URL, BITBUCKET_USERNAME, BITBUCKET_PASSWORD. It ends when one of its sockets does.
 */
import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import WebSocket from 'ws';

interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Empty or missing: the answer is wanted over the socket. */
  readonly streamingID?: string;
}

type Handler = Dispatcher.DispatchHandler;
type Headers = Record<string, string | string[] | undefined>;

const { BROKER_SERVER_URL = '', BROKER_TOKEN = '', BITBUCKET_URL = '', ...env } = process.env;
const login = Buffer.from(`${env.BITBUCKET_USERNAME}:${env.BITBUCKET_PASSWORD}`).toString('base64');
const LINKS = ['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'];
/** Without the first of them undici takes a handler for one of its older kind. */
const UNHEARD: Handler = {
  onRequestStart() {},
  onResponseStart() {},
  onResponseData() {},
  onResponseEnd() {},
};
const WHOLE_BYTES = 64 * 1024;
const bitbucket = new Pool(BITBUCKET_URL);
const server = new Pool(BROKER_SERVER_URL);
const API = '/rest/api/1.0';

const without = (headers: Headers, names: readonly string[]): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));

const event = (type: 0 | 1, data: unknown[], id?: number) => `4${JSON.stringify({ type, data, id })}`;

/** One acknowledgement with the body as text. */
function overSocket(socket: WebSocket, id: number): Handler {
  const chunks: Buffer[] = [];
  let [status, headers]: [number, Headers] = [502, {}];
  const answer = () => {
    const told = { ...headers, 'x-broker-ws-response': 'true' };
    socket.send(event(1, [{ status, headers: told, body: Buffer.concat(chunks).toString() }], id));
  };
  return {
    ...UNHEARD,
    onResponseStart(_controller, code, sent) {
      [status, headers] = [code, without(sent, LINKS)];
    },
    onResponseData: (_controller, chunk) => void chunks.push(chunk),
    onResponseEnd: answer,
    onResponseError: answer,
  };
}

/** A POST of its own: the head with its length, then the body; short ones in one piece. */
function asStream(role: string, streamingId: string): Handler {
  const chunks: Buffer[] = [];
  let flow: Readable | null = null;
  const post = (body: Buffer | Readable) => {
    const path = `/response-data/${BROKER_TOKEN}/${streamingId}?connection_role=${role}`;
    const headers = { 'content-type': 'application/vnd.broker.stream+octet-stream' };
    server.dispatch(
      { path, method: 'POST', headers, body },
      { ...UNHEARD, onResponseError: () => flow?.destroy() },
    );
  };
  const begin = (status: number, headers: Headers) => {
    const head = Buffer.from(JSON.stringify({ status, headers }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(head.length);
    chunks.push(length, head);
  };
  return {
    ...UNHEARD,
    onResponseStart(controller, status, sent) {
      begin(status, without(sent, LINKS.slice(0, -1)));
      if (Number(sent['content-length'] ?? Infinity) <= WHOLE_BYTES) return;
      flow = new Readable({ highWaterMark: WHOLE_BYTES, read: () => controller.resume() });
      flow.on('error', (error) => controller.abort(error)).push(Buffer.concat(chunks));
      post(flow);
    },
    onResponseData(controller, chunk) {
      if (flow === null) chunks.push(chunk);
      else if (!flow.push(chunk)) controller.pause();
    },
    onResponseEnd: () => (flow === null ? post(Buffer.concat(chunks)) : void flow.push(null)),
    onResponseError(_controller, error) {
      if (flow !== null) return void flow.destroy(error);
      chunks.length = 0;
      begin(502, {});
      post(Buffer.concat(chunks));
    },
  };
}

/** What Bitbucket is asked for. */
function asked({ url, method, headers, body, streamingID }: Request): Dispatcher.DispatchOptions {
  const encoding = streamingID ? {} : { 'accept-encoding': 'identity' };
  return {
    path: url.startsWith(API) ? url : API + url,
    method: method as Dispatcher.HttpMethod,
    headers: { ...without({ ...headers }, LINKS), ...encoding, authorization: `Basic ${login}` },
    body: typeof body === 'string' && body !== '' ? body : null,
  };
}

function open(role: 'primary' | 'secondary'): void {
  const place = `/primus/${BROKER_TOKEN}/?connection_role=${role}&EIO=4&transport=websocket`;
  const socket = new WebSocket(BROKER_SERVER_URL.replace(/^http/, 'ws') + place, {
    perMessageDeflate: false,
  });
  socket.on('close', () => process.exit(1));
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text[0] === '2') return socket.send(`3${text.slice(1)}`);
    if (!text.startsWith('4{')) return;
    const message = JSON.parse(text.slice(1)) as { type: number; data: [string, Request]; id: number };
    const [name, request] = message.data;
    if (message.type !== 0) return;
    if (name === 'identify') identify(socket, role);
    if (name !== 'request') return;
    const { streamingID } = request;
    bitbucket.dispatch(
      asked(request),
      streamingID ? asStream(role, streamingID) : overSocket(socket, message.id),
    );
  });
}

function identify(socket: WebSocket, role: string): void {
  const metadata = {
    capabilities: ['post-streams'],
    clientId: 'bare',
    version: '5.22.14',
    filters: {},
    role,
  };
  socket.send(event(0, ['identify', { token: BROKER_TOKEN, metadata }]));
  setInterval(() => socket.send(`4"primus::ping::${Date.now()}"`), 20_000);
}

open('primary');
open('secondary');
