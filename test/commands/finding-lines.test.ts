import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { findingLines } from '../../src/commands/finding-lines.ts';
import type { Finding } from '../../src/doctor/finding.ts';

const FINDINGS: readonly Finding[] = [
  { check: 'Bitbucket', verdict: 'PASS', what: '9.4.0 at https://bitbucket.example' },
  { check: 'rules', verdict: 'FAIL', what: 'two things:\n  one', todo: 'add\n  this' },
  { check: 'visible', verdict: 'SKIP', what: 'not looked at' },
];

/** An output of so many bits of colour, as Node tells it of a terminal; with `NO_COLOR` it is 1. */
const output = (isTTY: boolean, depth: number) =>
  Object.assign(new PassThrough(), { isTTY, getColorDepth: () => depth }) as unknown as NodeJS.WriteStream;

describe('findings for a person', () => {
  it('stand in columns, with what to do below, and are counted', () => {
    expect(findingLines(FINDINGS, output(false, 8)).split('\n')).toEqual([
      'PASS  Bitbucket  9.4.0 at https://bitbucket.example',
      'FAIL  rules      two things:',
      '                   one',
      '                 add',
      '                   this',
      'SKIP  visible    not looked at',
      '',
      '1 PASS, 0 WARN, 1 FAIL, 1 SKIP',
    ]);
  });

  it('are coloured on a terminal that has colours only', () => {
    const plain = findingLines(FINDINGS, output(false, 8));
    expect(findingLines(FINDINGS, output(true, 1))).toBe(plain);
    const coloured = findingLines(FINDINGS, output(true, 8));
    expect(coloured).not.toBe(plain);
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });
});
