import { drawn, pick } from './seed.ts';

/** The states of Atlassian's document; only AVAILABLE has ever been recorded from a live server. */
export type RepositoryState = 'AVAILABLE' | 'INITIALISATION_FAILED' | 'INITIALISING' | 'OFFLINE';

/** What is known of one repository, before it is written as JSON. */
export interface Repository {
  readonly index: number;
  readonly id: number;
  /** The project's row. */
  readonly project: number;
  readonly slug: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly state: RepositoryState;
  /** The row of the repository this one was forked from. */
  readonly origin: number | undefined;
  readonly archived: boolean;
  /** No commit yet. */
  readonly empty: boolean;
  readonly public: boolean;
  readonly forkable: boolean;
  readonly labels: readonly string[];
  readonly defaultBranch: string;
  /** The configured default branch was never pushed, though there are commits. */
  readonly branchMissing: boolean;
  readonly commits: number;
  /** Holds a `catalog-info.yaml`. */
  readonly catalog: boolean;
  /** ssh is off: only the http clone link. */
  readonly sshMissing: boolean;
  readonly sshFirst: boolean;
  /** The http clone link names the caller: `http://jane@host/...`. */
  readonly userInLink: boolean;
  /** The row exists and is not shown: pages skip it, and asking for it by slug is answered 401. */
  readonly hidden: boolean;
}

type Sketch = Partial<Omit<Repository, 'index' | 'id'>> & Pick<Repository, 'slug' | 'name'>;

/** The awkward ones; every world begins with them. `project` is a row of projects.ts. */
const FIRST: readonly Sketch[] = [
  {
    project: 0,
    slug: 'gateway',
    name: 'gateway',
    description: 'The front door',
    catalog: true,
    labels: ['java', 'tier-1'],
  },
  { project: 1, slug: 'keys', name: 'keys', hidden: true },
  { project: 0, slug: 'empty', name: 'empty', empty: true },
  { project: 3, slug: 'gateway', name: 'gateway', origin: 0, userInLink: true },
  { project: 0, slug: 'attic', name: 'attic', archived: true, description: 'Kept for the record' },
  {
    project: 0,
    slug: 'script-alert-1-script',
    name: '<script>alert(1)</script>',
    description: '"><img src=x>',
  },
  {
    project: 2,
    slug: 'uebersetzungen',
    name: 'Übersetzungen – 翻訳',
    public: true,
    defaultBranch: 'développement',
  },
  { project: 4, slug: 'my-first-app', name: 'My First App', sshMissing: true },
  { project: 4, slug: 'broken-disk', name: 'broken-disk', state: 'OFFLINE' },
  { project: 4, slug: 'being-born', name: 'being-born', state: 'INITIALISING', empty: true },
  { project: 4, slug: 'stillborn', name: 'stillborn', state: 'INITIALISATION_FAILED', empty: true },
  { project: 5, slug: 'notes', name: 'notes', forkable: false, archived: true },
  { project: 2, slug: 'lib.core_2', name: 'lib.core_2', public: true, catalog: true, userInLink: true },
  { project: 0, slug: 'hidden-gem', name: 'hidden-gem', hidden: true },
  { project: 0, slug: 'unpushed', name: 'unpushed', branchMissing: true, defaultBranch: 'release/2.x' },
  { project: 0, slug: 'monolith', name: 'Monolith', commits: 5000, labels: ['legacy'], sshFirst: true },
];

const WORDS = [
  'billing',
  'search',
  'mailer',
  'ledger',
  'portal',
  'worker',
  'schema',
  'parser',
  'beacon',
  'harbor',
];
const LABELS = ['java', 'golang', 'python', 'tier-1', 'internal', 'pci'];

function sketch(seed: number, index: number): Sketch {
  const known = FIRST[index];
  if (known) return known;
  const word = pick(WORDS, seed, 'word', index);
  const labelled =
    index % 4 === 0 ? [...new Set([pick(LABELS, seed, 'a', index), pick(LABELS, seed, 'b', index)])] : [];
  return {
    slug: `${word}-${index}`,
    name: index % 10 === 0 ? `${word[0]?.toUpperCase()}${word.slice(1)} ${index}` : `${word}-${index}`,
    description: index % 3 === 0 ? undefined : `The ${word} of line ${index}`,
    state: index % 291 === 0 ? 'OFFLINE' : index % 313 === 0 ? 'INITIALISING' : 'AVAILABLE',
    origin: index % 13 === 0 ? index - 1 : undefined,
    archived: index % 11 === 0,
    empty: index % 9 === 0,
    public: index % 19 === 0,
    labels: labelled,
    defaultBranch: index % 8 === 0 ? 'master' : 'main',
    catalog: index % 6 === 1,
    sshMissing: index % 7 === 0,
    userInLink: index % 5 === 0,
    hidden: index % 23 === 0,
  };
}

/** The project's row of a repository's row, in a world of `projects` projects. */
function projectOf(index: number, drawing: Sketch, projects: number): number {
  return drawing.project !== undefined && drawing.project < projects ? drawing.project : index % projects;
}

/** The repository at a row; whether its project is hidden or public is the world's to add. */
export function repositoryAt(seed: number, index: number, projects: number): Repository {
  const drawing = sketch(seed, index);
  return {
    description: undefined,
    state: 'AVAILABLE',
    origin: undefined,
    archived: false,
    empty: false,
    public: false,
    forkable: true,
    labels: [],
    defaultBranch: 'main',
    branchMissing: false,
    commits: 1 + (drawn(seed, 'commits', index) % 60),
    catalog: false,
    sshMissing: false,
    sshFirst: index % 2 === 0,
    userInLink: false,
    hidden: false,
    ...drawing,
    index,
    id: 10 + index * 3,
    project: projectOf(index, drawing, projects),
  };
}

/** How many repositories come from the table and so do not follow the rule `row % projects`. */
export const FIRST_REPOSITORIES = FIRST.length;

/** The rows of a slug (a fork has its origin's), without looking through all rows. */
export function repositoryRowsOf(slug: string): readonly number[] {
  const rows = FIRST.flatMap((repository, row) => (repository.slug === slug ? [row] : []));
  const numbered = /-(\d{1,9})$/.exec(slug);
  const row = numbered ? Number(numbered[1]) : -1;
  return row >= FIRST.length ? [...rows, row] : rows;
}
