import type { Role } from './connection.ts';

/**
 * Where on the broker server something is. `serverUrl` is `scheme://host[:port][/path]` without a slash at its end;
 * `serverId` is the dispatcher's, in HA mode, else `null`.
 */
interface Place {
  readonly serverUrl: string;
  readonly token: string;
  readonly role: Role;
  readonly serverId: string | null;
}

/** The websocket: `ws(s)://SERVER/primus/TOKEN/?connection_role=…[&server_id=N]&EIO=4&transport=websocket`. */
export function socketUrl(place: Place): string {
  const base = place.serverUrl.replace(/^http/, 'ws');
  return `${base}/primus/${place.token}/?${query(place)}&EIO=4&transport=websocket`;
}

/** Path and query of the POST that carries a streamed answer. */
export function responsePath(place: Place, streamingId: string): string {
  const { serverUrl, token } = place;
  const path = serverUrl.indexOf('/', serverUrl.indexOf('://') + 3);
  const prefix = path < 0 ? '' : serverUrl.slice(path);
  return `${prefix}/response-data/${token}/${encodeURIComponent(streamingId)}?${query(place)}`;
}

const query = ({ role, serverId }: Place): string =>
  `connection_role=${role}${serverId === null ? '' : `&server_id=${encodeURIComponent(serverId)}`}`;
