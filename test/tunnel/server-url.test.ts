import { describe, expect, it } from '@jest/globals';
import { responsePath, socketUrl } from '../../src/tunnel/server-url.ts';

const place = { serverUrl: 'https://broker.example', token: 't', role: 'primary', serverId: null } as const;

describe('the addresses on the broker server', () => {
  it('are those of the wire protocol', () => {
    expect(socketUrl(place)).toBe(
      'wss://broker.example/primus/t/?connection_role=primary&EIO=4&transport=websocket',
    );
    expect(responsePath(place, 'a/b')).toBe('/response-data/t/a%2Fb?connection_role=primary');
  });

  it('carry the server id in high availability mode', () => {
    const assigned = { ...place, serverId: '7' };
    expect(socketUrl(assigned)).toContain('?connection_role=primary&server_id=7&EIO=4');
    expect(responsePath(assigned, 's')).toBe('/response-data/t/s?connection_role=primary&server_id=7');
  });

  it('keep the path of a server that stands below one', () => {
    const below = { ...place, serverUrl: 'http://gateway:8080/snyk' };
    expect(socketUrl(below)).toContain('ws://gateway:8080/snyk/primus/t/?');
    expect(responsePath(below, 's')).toContain('/snyk/response-data/t/s?');
  });
});
