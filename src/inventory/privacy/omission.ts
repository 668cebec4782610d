/** Leaves keys out of an object; the others keep their order. */
export type Omission = <Value extends object>(value: Value) => Partial<Value>;

/** @param prefix `user` or `repository.scm_project`: what stands before the key in the names of `OMIT_FIELDS` */
export function createOmission(fields: ReadonlySet<string>, prefix: string): Omission {
  const keys = new Set([...fields].flatMap((field) => keyBehind(field, prefix)));
  if (keys.size === 0) return (value) => value;
  return <Value extends object>(value: Value) => {
    const kept = Object.entries(value).filter(([key]) => !keys.has(key));
    return Object.fromEntries(kept) as Partial<Value>;
  };
}

function keyBehind(field: string, prefix: string): string[] {
  const key = field.startsWith(`${prefix}.`) ? field.slice(prefix.length + 1) : '';
  return key === '' || key.includes('.') ? [] : [key];
}
