import { drawn, pick } from './seed.ts';

/** What is known of one account, before it is written as JSON. */
export interface User {
  readonly index: number;
  readonly id: number;
  /** The login. Service users have slashes in it. */
  readonly name: string;
  /** The form used in URLs; not derivable from the name. */
  readonly slug: string;
  readonly displayName: string;
  /** `undefined`: the key is absent. `null`: the key is there and null, as some servers write it for service users. */
  readonly email: string | null | undefined;
  readonly active: boolean;
  readonly service: boolean;
  /** Epoch milliseconds; `undefined` for who never logged in. */
  readonly lastSeen: number | undefined;
  /** Kept by an external directory, so Bitbucket can neither change nor delete it. */
  readonly external: boolean;
  /** The row exists and nobody is shown it: pages skip it. */
  readonly hidden: boolean;
}

type Sketch = Partial<Omit<User, 'index' | 'id'>> & Pick<User, 'name' | 'displayName'>;

const NOON = 1_718_020_800_000;

/** The awkward ones; every world begins with them. */
const FIRST: readonly Sketch[] = [
  { name: 'admin', displayName: 'Administrator', email: 'SYSadmin@Example.com' },
  { name: 'agent', displayName: 'Snyk Agent', email: 'agent@example.com' },
  { name: 'readonly', displayName: 'Read Only', email: 'readonly@example.com' },
  { name: 'removed.user', displayName: 'Removed User', hidden: true },
  { name: 'unlicensed', displayName: 'Una Licensed', email: 'una@example.com', lastSeen: undefined },
  { name: 'jane@example', slug: 'jane_example', displayName: 'Jane Doe', email: 'jane@example.com' },
  { name: 'access-token-user/2/1405', displayName: 'ci token', service: true, email: undefined },
  {
    name: 'jörg.müller',
    slug: 'joerg.mueller',
    displayName: 'Jörg Müller-Lüdenscheidt',
    email: 'jörg@example.com',
  },
  { name: 'left.behind', displayName: 'Left Behind', active: false, email: 'left.behind@example.com' },
  { name: 'no.mail', displayName: 'Nomail Nilsson', email: undefined },
  { name: 'never.seen', displayName: 'Never Seen', lastSeen: undefined },
  { name: 'crowd.user', displayName: 'Crowd User', external: true },
  { name: 'access-token-user/1/77', displayName: 'deploy token', service: true, email: null },
  { name: 'lixiaolong', displayName: '李小龙 🐉', email: 'LI.Xiaolong@EXAMPLE.com' },
  { name: "o'brien", slug: 'o_brien', displayName: "Séamus O'Brien <seamus>", email: 'o.brien@example.com' },
  {
    name: 'api-user',
    slug: 'apiuser',
    displayName: 'api-user',
    email: 'api@example.com',
    lastSeen: undefined,
  },
];

const GIVEN = ['Ada', 'Björn', 'Chloé', 'Dmitri', 'Elif', 'Fatima', 'Grzegorz', 'Hana', 'Ibrahim', 'Jun'];
const FAMILY = [
  'Łukasik',
  'Nakamura',
  'Okafor',
  'Petrov',
  'Quiñones',
  'Rossi',
  'Smith',
  'Tran',
  'Ünal',
  'Vogel',
];

function sketch(seed: number, index: number): Sketch {
  const known = FIRST[index];
  if (known) return known;
  const name = `user${index}`;
  return {
    name,
    displayName: `${pick(GIVEN, seed, 'given', index)} ${pick(FAMILY, seed, 'family', index)}`,
    email: index % 17 === 0 ? undefined : `${name}@example.com`,
    active: index % 7 !== 0,
    external: index % 5 === 0,
    hidden: index % 23 === 0,
    lastSeen: index % 6 === 0 ? undefined : NOON - (drawn(seed, 'seen', index) % 31_536_000) * 1000,
  };
}

/** The account at a row; the same for the same seed. */
export function userAt(seed: number, index: number): User {
  const drawing = sketch(seed, index);
  const service = drawing.service ?? false;
  return {
    index,
    id: index + 1,
    name: drawing.name,
    slug: drawing.slug ?? drawing.name.replaceAll('/', '_'),
    displayName: drawing.displayName,
    email: 'email' in drawing ? drawing.email : `${drawing.name}@example.com`,
    active: drawing.active ?? true,
    service,
    lastSeen: 'lastSeen' in drawing || service ? drawing.lastSeen : NOON - index * 3_600_000,
    external: drawing.external ?? false,
    hidden: drawing.hidden ?? false,
  };
}

/** The row of a slug, without looking through all rows; `undefined` when no row can have it. */
export function userRowOf(slug: string): number | undefined {
  const numbered = /^user(\d{1,9})$/.exec(slug);
  if (numbered) return Number(numbered[1]) >= FIRST.length ? Number(numbered[1]) : undefined;
  const row = FIRST.findIndex(({ name, slug: own }) => (own ?? name.replaceAll('/', '_')) === slug);
  return row < 0 ? undefined : row;
}

/** The row of a login name; `undefined` when no row can have it. */
export function userRowOfName(name: string): number | undefined {
  const row = FIRST.findIndex((user) => user.name === name);
  return row < 0 ? userRowOf(name) : row;
}
