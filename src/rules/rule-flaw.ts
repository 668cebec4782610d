import type { Problem } from '../errors.ts';

/** Which rule of its file. */
export interface RulePlace {
  readonly list: 'private' | 'public';
  /** Its place in the list, from 1. */
  readonly number: number;
  /** `FILE, private rule 3 (line 41)`. */
  readonly where: string;
}

/** What is wrong with one rule, for a cause that others may share. */
export interface RuleFlaw {
  readonly place: RulePlace;
  /** Flaws with the same cause and reason are one problem: what puts one right puts all right. */
  readonly cause: string;
  readonly reason: string;
  readonly example: string;
}

/** So many rules are named. */
const NAMED = 3;

/** One problem for each cause, in the order of their first rules. Of many rules with one cause the first are named. */
export function problemsByCause(flaws: readonly RuleFlaw[], file: string): Problem[] {
  const groups = Map.groupBy(flaws, ({ cause, reason }) => `${cause}\n${reason}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { place, reason, example } = first;
    if (group.length === 1) return [{ where: place.where, reason, example }];
    const numbers = group.slice(0, NAMED).map((flaw) => flaw.place.number);
    const named = [...numbers, ...(group.length > NAMED ? ['…'] : [])].join(', ');
    const rules = `${group.length} rules use it (${place.list} rules ${named})`;
    return [{ where: file, reason: `${reason}; ${rules}`, example }];
  });
}
