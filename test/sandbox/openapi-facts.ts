/**
 * What Atlassian's OpenAPI document of Bitbucket Data Center 9.4 says of the entities that the simulator answers:
 * field names, types, enums; written down by hand. openapi-document.test.ts compares each with the document itself.
 */

/** `string`, `boolean`, `integer`, `number`, `object` (any), the words of an enum, another entity, or a list of one. */
export type Fact =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'object'
  | { readonly oneOf: readonly string[] }
  | { readonly entity: EntityName }
  | { readonly listOf: EntityName | 'string' };

type Fields = Readonly<Record<string, Fact>>;

const USER: Fields = {
  active: 'boolean',
  avatarUrl: 'string',
  displayName: 'string',
  emailAddress: 'string',
  id: 'integer',
  links: 'object',
  name: 'string',
  slug: 'string',
  type: { oneOf: ['NORMAL', 'SERVICE'] },
};

const MINIMAL_COMMIT: Fields = { displayId: 'string', id: 'string' };

/** Every field the document names, by its schema's name. */
export const DOCUMENTED = {
  RestApplicationProperties: {
    buildDate: 'string',
    buildNumber: 'string',
    displayName: 'string',
    version: 'string',
  },
  RestErrorMessage: { context: 'string', exceptionName: 'string', message: 'string' },
  RestErrors: { errors: { listOf: 'RestErrorMessage' } },
  RestApplicationUser: USER,
  RestDetailedUser: {
    ...USER,
    deletable: 'boolean',
    directoryName: 'string',
    lastAuthenticationTimestamp: 'number',
    mutableDetails: 'boolean',
    mutableGroups: 'boolean',
  },
  RestDetailedGroup: { deletable: 'boolean', name: 'string' },
  RestProject: {
    avatar: 'string',
    avatarUrl: 'string',
    description: 'string',
    id: 'integer',
    key: 'string',
    links: 'object',
    name: 'string',
    public: 'boolean',
    scope: 'string',
    type: { oneOf: ['NORMAL', 'PERSONAL'] },
  },
  RestRepository: {
    archived: 'boolean',
    defaultBranch: 'string',
    description: 'string',
    forkable: 'boolean',
    hierarchyId: 'string',
    id: 'integer',
    links: 'object',
    name: 'string',
    origin: { entity: 'RestRepository' },
    partition: 'integer',
    project: { entity: 'RestProject' },
    public: 'boolean',
    relatedLinks: 'object',
    scmId: 'string',
    scope: 'string',
    slug: 'string',
    state: { oneOf: ['AVAILABLE', 'INITIALISATION_FAILED', 'INITIALISING', 'OFFLINE'] },
    statusMessage: 'string',
  },
  RestLabel: { name: 'string' },
  RestMinimalRef: { displayId: 'string', id: 'string', type: { oneOf: ['BRANCH', 'TAG'] } },
  RestBranch: {
    default: 'boolean',
    displayId: 'string',
    id: 'string',
    latestChangeset: 'string',
    latestCommit: 'string',
    type: 'object',
  },
  RestPerson: { avatarUrl: 'string', emailAddress: 'string', name: 'string' },
  RestMinimalCommit: MINIMAL_COMMIT,
  RestCommit: {
    ...MINIMAL_COMMIT,
    author: { entity: 'RestPerson' },
    authorTimestamp: 'integer',
    committer: { entity: 'RestPerson' },
    committerTimestamp: 'integer',
    message: 'string',
    parents: { listOf: 'RestMinimalCommit' },
  },
  RestRateLimitSettings: { defaultSettings: { entity: 'RestTokenBucketSettings' }, enabled: 'boolean' },
  RestTokenBucketSettings: { capacity: 'integer', fillRate: 'integer' },
  RestWebhook: {
    active: 'boolean',
    configuration: 'object',
    credentials: { entity: 'RestWebhookCredentials' },
    events: { listOf: 'string' },
    name: 'string',
    scopeType: 'string',
    sslVerificationRequired: 'boolean',
    statistics: 'object',
    url: 'string',
  },
  RestWebhookCredentials: { password: 'string', username: 'string' },
} as const satisfies Record<string, Fields>;

export type EntityName =
  | 'RestApplicationProperties'
  | 'RestErrorMessage'
  | 'RestErrors'
  | 'RestApplicationUser'
  | 'RestDetailedUser'
  | 'RestDetailedGroup'
  | 'RestProject'
  | 'RestRepository'
  | 'RestLabel'
  | 'RestMinimalRef'
  | 'RestBranch'
  | 'RestPerson'
  | 'RestMinimalCommit'
  | 'RestCommit'
  | 'RestRateLimitSettings'
  | 'RestTokenBucketSettings'
  | 'RestWebhook'
  | 'RestWebhookCredentials';

/** The envelope of every list, as the document writes it out at each endpoint. */
export const ENVELOPE: Fields = {
  isLastPage: 'boolean',
  limit: 'number',
  nextPageStart: 'integer',
  size: 'number',
  start: 'integer',
};

/** Fields the simulator always sends; the document itself requires none but a project's key. */
export const ALWAYS: Partial<Record<EntityName, readonly string[]>> = {
  RestApplicationProperties: ['buildDate', 'buildNumber', 'displayName', 'version'],
  RestErrorMessage: ['context', 'exceptionName', 'message'],
  RestErrors: ['errors'],
  RestApplicationUser: ['active', 'displayName', 'id', 'links', 'name', 'slug', 'type'],
  RestDetailedUser: [
    'active',
    'deletable',
    'directoryName',
    'displayName',
    'id',
    'mutableDetails',
    'name',
    'slug',
  ],
  RestDetailedGroup: ['deletable', 'name'],
  RestProject: ['id', 'key', 'links', 'name', 'type'],
  RestRepository: [
    'forkable',
    'id',
    'links',
    'name',
    'project',
    'public',
    'scmId',
    'slug',
    'state',
    'statusMessage',
  ],
  RestLabel: ['name'],
  RestMinimalRef: ['displayId', 'id', 'type'],
  RestBranch: ['displayId', 'id', 'latestChangeset', 'latestCommit', 'type'],
  RestPerson: ['emailAddress', 'name'],
  RestMinimalCommit: ['displayId', 'id'],
  RestCommit: ['author', 'authorTimestamp', 'committer', 'committerTimestamp', 'id', 'message', 'parents'],
  RestRateLimitSettings: ['defaultSettings', 'enabled'],
  RestTokenBucketSettings: ['capacity', 'fillRate'],
  RestWebhook: ['active', 'configuration', 'events', 'name', 'url'],
};

/** What live servers send beside, or other than, the document; each with where it was seen. */
export const DEPARTURES: readonly {
  readonly why: string;
  readonly entity: EntityName;
  readonly fields: Fields;
  readonly nullable?: readonly string[];
}[] = [
  {
    why: 'a personal project carries its owner (recorded)',
    entity: 'RestProject',
    fields: { owner: { entity: 'RestApplicationUser' } },
  },
  {
    why: 'a service user may have a null address (recorded from 9.4)',
    entity: 'RestApplicationUser',
    fields: {},
    nullable: ['emailAddress'],
  },
  {
    why: 'context and exceptionName are null when there is none (observed on live servers)',
    entity: 'RestErrorMessage',
    fields: {},
    nullable: ['context', 'exceptionName'],
  },
  {
    why: 'an author whose address is known comes as the whole account (recorded)',
    entity: 'RestPerson',
    fields: { ...USER },
  },
  {
    why: 'a webhook has an id and times (recorded)',
    entity: 'RestWebhook',
    fields: { id: 'integer', createdDate: 'integer', updatedDate: 'integer' },
  },
  {
    why: 'old servers say isDefault for default (recorded)',
    entity: 'RestBranch',
    fields: { isDefault: 'boolean' },
  },
];
