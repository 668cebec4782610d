/** As qs in the Snyk Broker client: what comes after the thousandth parameter is not seen there. */
const MOST_PARAMETERS = 1000;

/**
 * The parameters of a query string, decoded as forms are; `null` stands for a name that occurs more than once.
 * The whole answer is `null` when names in brackets (`a[]`, `a[x]`, encoded too) broken encodings or too many
 * parameters would let two readers see different values.
 */
export function parseQuery(query: string): ReadonlyMap<string, string | null> | null {
  const parameters = new Map<string, string | null>();
  if (query === '') return parameters;
  const parts = query.replace(/%5b/gi, '[').replace(/%5d/gi, ']').split('&');
  if (parts.length > MOST_PARAMETERS) return null;
  for (const part of parts) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const rawName = equals < 0 ? part : part.slice(0, equals);
    if (/[[\]]/.test(rawName) || part.includes(']=')) return null;
    const name = decode(rawName);
    const value = equals < 0 ? '' : decode(part.slice(equals + 1));
    if (name === null || value === null) return null;
    parameters.set(name, parameters.has(name) ? null : value);
  }
  return parameters;
}

/** `null`: what is encoded is not UTF-8, or not encoded rightly, and readers differ in what they make of it. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
