import type { Config } from '../config/config.ts';

/** A place the agent connects to. */
export interface Target {
  readonly name: string;
  readonly url: URL;
  /** The variable to look at when something is wrong with it. */
  readonly variable: string;
  /** Reached by CONNECT where a proxy is used, also over http: it takes a websocket. */
  readonly websocket: boolean;
}

export const SNYK_SERVER = 'Snyk server';
export const SNYK_API = 'Snyk API';
export const BITBUCKET = 'Bitbucket';
export const DELIVERY = 'delivery';
export const KEEPER = 'inventory';

/** All places that this configuration has the agent connect to. What rules of an own list name beside is not among them. */
export function targetsOf(config: Config): readonly Target[] {
  const { broker, bitbucket, inventory, inventoryPlace: place } = config;
  const api = `${bitbucket.scheme}://${bitbucket.api}`;
  const elsewhere = new URL(api).host !== new URL(bitbucket.baseUrl).host;
  return [
    target(SNYK_SERVER, broker.serverUrl, 'BROKER_SERVER_URL', true),
    ...(broker.haMode ? [target(SNYK_API, broker.apiBaseUrl, 'API_BASE_URL')] : []),
    target(BITBUCKET, bitbucket.baseUrl, 'BITBUCKET_URL'),
    ...(elsewhere ? [target(`${BITBUCKET} API`, api, 'BITBUCKET_API')] : []),
    ...(inventory.delivery.by === 'https'
      ? [target(DELIVERY, inventory.delivery.url, 'ESSENTIALS_URL')]
      : []),
    ...(place.kind === 'there' ? [target(KEEPER, place.url, 'INVENTORY_URL')] : []),
  ];
}

const target = (name: string, url: string, variable: string, websocket = false): Target => ({
  name,
  url: new URL(url),
  variable,
  websocket,
});

/** The host to look up or to connect to, without the brackets of an IPv6 address. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

export const portOf = (url: URL): number =>
  url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
