/** A value a body entry may ask for. */
export type Scalar = string | number | boolean;

/** Reads a body path: names and array indexes with dots between them, `*` for any. `null`: not one. */
export function parseBodyPath(path: string): readonly string[] | null {
  const parts = path.split('.');
  return parts.some((part) => part === '' || /[[\]\s]/.test(part)) ? null : parts;
}

/** Whether the value, or one of the values, that the path leads to is exactly this one. Own properties only. */
export function hasValue(json: unknown, path: readonly string[], wanted: Scalar, depth = 0): boolean {
  const part = path[depth];
  if (part === undefined) return json === wanted;
  if (typeof json !== 'object' || json === null) return false;
  if (part !== '*') return hasValue(ownProperty(json, part), path, wanted, depth + 1);
  return Object.values(json).some((value) => hasValue(value, path, wanted, depth + 1));
}

/**
 * The text a regular expression is held against. Without `*`: the string, number or boolean that the path leads to.
 * With `*`: all that are found, with commas between them as in the Snyk Broker client, where empty values, 0, false and
 * null do not count. `null`: there is nothing of that kind, or something of another kind among them.
 */
export function textAt(json: unknown, path: readonly string[]): string | null {
  const found: Scalar[] = [];
  if (!collect(json, path, 0, found)) return null;
  if (!path.includes('*')) return found.length === 0 ? null : String(found[0]);
  const counted = found.filter(Boolean);
  return counted.length === 0 ? null : counted.join(',');
}

/** @returns false when a part of the path meets a value of the wrong kind */
function collect(json: unknown, path: readonly string[], depth: number, found: Scalar[]): boolean {
  const part = path[depth];
  if (json === undefined || json === null) return true;
  if (part === undefined) {
    if (typeof json === 'object') return false;
    found.push(json as Scalar);
    return true;
  }
  if (typeof json !== 'object') return false;
  if (part !== '*') return collect(ownProperty(json, part), path, depth + 1, found);
  return Object.values(json).every((value) => collect(value, path, depth + 1, found));
}

const ownProperty = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
