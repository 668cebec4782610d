/** What is known of one project, before it is written as JSON. */
export interface Project {
  readonly index: number;
  readonly id: number;
  /** Upper case; personal projects begin with `~`. */
  readonly key: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly public: boolean;
  /** The user's row when the project is a personal one. */
  readonly owner: number | undefined;
  /** The row exists and is not shown: pages skip it, and asking for it by key is answered 401. */
  readonly hidden: boolean;
}

interface Sketch {
  readonly key: string;
  readonly name: string;
  readonly description?: string;
  readonly public?: boolean;
  readonly owner?: number;
  readonly hidden?: boolean;
}

/** The awkward ones; every world begins with them. Row 1 is hidden, so `limit=1` is followed by `nextPageStart` 2. */
const FIRST: readonly Sketch[] = [
  { key: 'PLAT', name: 'Platform', description: 'What everything else stands on' },
  { key: 'VAULT', name: 'Vault', hidden: true },
  { key: 'OPEN', name: 'Öffentliche Bibliotheken', description: 'Open to all – «ouvert»', public: true },
  { key: '~JANE_EXAMPLE', name: 'Jane Doe', owner: 5 },
  { key: 'MOB_2', name: '移动端 & Mobile' },
  { key: '~LEFT.BEHIND', name: 'Left Behind', owner: 8 },
];

/** The first user row that may own one of the generated personal projects. */
const FIRST_OWNER = 16;

/** The owner of a generated personal project: every fifth row, while there are users left. */
function generatedOwner(index: number, users: number): number | undefined {
  const owner = FIRST_OWNER + Math.floor(index / 5);
  return index % 5 === 0 && owner < users ? owner : undefined;
}

function sketch(
  index: number,
  users: number,
  nameOf: (user: number) => { name: string; slug: string },
): Sketch {
  const known = FIRST[index];
  if (known) return known;
  const owner = generatedOwner(index, users);
  const hidden = index % 17 === 0;
  if (owner !== undefined) {
    const { name, slug } = nameOf(owner);
    return { key: `~${slug.toUpperCase()}`, name, owner, hidden };
  }
  const plain = { key: `P${index}`, name: `Product ${index}`, public: index % 9 === 0, hidden };
  return index % 4 === 0 ? plain : { ...plain, description: `Source of product ${index}` };
}

/** The project at a row. `nameOf` tells an owner's display name and slug. */
export function projectAt(
  index: number,
  users: number,
  nameOf: (user: number) => { name: string; slug: string },
): Project {
  const drawing = sketch(index, users, nameOf);
  return {
    index,
    id: index * 2 + 1,
    key: drawing.key,
    name: drawing.name,
    description: drawing.description,
    public: drawing.public ?? false,
    owner: drawing.owner,
    hidden: drawing.hidden ?? false,
  };
}

/** The row of a key in any case, without looking through all rows; `undefined` when no row can have it. */
export function projectRowOf(key: string): number | undefined {
  const upper = key.toUpperCase();
  const plain = /^P(\d{1,9})$/.exec(upper);
  if (plain) return Number(plain[1]) >= FIRST.length ? Number(plain[1]) : undefined;
  const personal = /^~USER(\d{1,9})$/.exec(upper);
  if (personal) return (Number(personal[1]) - FIRST_OWNER) * 5;
  const row = FIRST.findIndex((project) => project.key === upper);
  return row < 0 ? undefined : row;
}
