import { Document, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { AcceptList } from './accept-list.ts';

/**
 * An accept list without some of its rules, as JSON: what stays keeps its order, its fields and its comments.
 *
 * @param text the file's text, which `list` was read from
 * @param without ids of rules
 */
export function narrowedList(text: string, list: AcceptList, without: ReadonlySet<string>): string {
  const document = readable(text);
  for (const { list: name, number, id } of [...list.private, ...list.public].toReversed()) {
    if (without.has(id)) document.deleteIn([name, number - 1]);
  }
  return `${json(document.contents, '')}\n`;
}

/** YAML's anchors and merges become plain values, as what they refer to may go. */
function readable(text: string): Document {
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { merge: true, uniqueKeys: false });
  let aliases = false;
  visit(document, {
    Alias: () => {
      aliases = true;
      return visit.BREAK;
    },
  });
  return aliases ? new Document(document.toJS(), { aliasDuplicateObjects: false }) : document;
}

/** A node as JSON; a map may have a key twice, as comments do. */
function json(node: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (isMap(node)) {
    const items = node.items.map(({ key, value }) => `${JSON.stringify(plain(key))}: ${json(value, inner)}`);
    return block('{', items, '}', indent);
  }
  if (isSeq(node))
    return block(
      '[',
      node.items.map((item) => json(item, inner)),
      ']',
      indent,
    );
  return JSON.stringify(plain(node) ?? null);
}

const plain = (node: unknown): unknown => (isScalar(node) ? node.value : node === null ? null : undefined);

const block = (open: string, items: readonly string[], close: string, indent: string): string =>
  items.length === 0
    ? `${open}${close}`
    : `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`;
