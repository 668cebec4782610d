import { RULE_FIELDS } from '../rule-schema.ts';
import type { Finding } from './finding.ts';

const IGNORED = /^(.*): ignored: (.*)$/s;

/** What the file has that decides nothing, or that comes from elsewhere in it. */
export function fileFindings(file: string, text: string, notes: readonly string[]): Finding[] {
  return [...notes.flatMap((note) => noteFindings(file, note)), ...mergeFindings(file, text)];
}

function noteFindings(file: string, note: string): Finding[] {
  const [, where = file, fields = ''] = IGNORED.exec(note) ?? [];
  if (fields === '') return [ignored(file, note)];
  return fields.split(', ').map((field) => {
    const meant = RULE_FIELDS.find((known) => known !== field && known === field.trim().toLowerCase());
    if (meant === undefined) return ignored(where, `the field ${JSON.stringify(field)} is ignored`);
    return {
      level: 'warn',
      code: 'misspelt-field',
      where,
      ruleId: null,
      text: `the field ${JSON.stringify(field)} is ignored, and looks as if ${JSON.stringify(meant)} was meant`,
      suggestion: `Write ${JSON.stringify(meant)}; a second one beside it is an error.`,
    };
  });
}

const ignored = (where: string, text: string): Finding => ({
  level: 'info',
  code: 'ignored',
  where,
  ruleId: null,
  text,
  suggestion: 'Take it out if it was to do something.',
});

/** In YAML, `<<` brings in fields, `path` among them, from another place, and the line does not show which. */
function mergeFindings(file: string, text: string): Finding[] {
  if (/^\s*[{[]/.test(text) || !/(?:^|[\s{,])<<\s*:/m.test(text)) return [];
  return [
    {
      level: 'info',
      code: 'merged-fields',
      where: file,
      ruleId: null,
      text: 'rules take fields from other places of the file (<<), so their lines do not show all that decides',
      suggestion: 'Sign off what rules sheet shows, which is the result.',
    },
  ];
}
