import type { RuleSpec } from '../accept-list.ts';
import { AGENT_ORIGIN } from '../agent-origin.ts';
import { Lookup } from '../lookup.ts';
import { parsePattern } from '../path-pattern.ts';
import { maskLiterals } from '../template.ts';
import type { Rule } from '../verdict.ts';
import { deathOf } from './dead.ts';
import type { Finding } from './finding.ts';
import { codeReach } from './reads-code.ts';
import { exponentialPath, looksExponential, slowPath } from './slow-pattern.ts';

/** The configured Bitbucket, as `readOrigin` gives an origin for it. */
export interface BitbucketPlace {
  readonly origin: string;
  /** Empty, or its context path. */
  readonly basePath: string;
}

export interface RuleContext {
  readonly bitbucket: BitbucketPlace;
  readonly allowWrites: boolean;
}

type Remark = Pick<Finding, 'level' | 'code' | 'text' | 'suggestion'>;

/** Paths that a rule meant for one thing does not all match. */
const UNRELATED = ['/canary', '/canary/one', '/another/canary/two/three'];

/** What there is to say of one rule by itself. */
export function ruleFindings(rule: Rule, spec: RuleSpec, context: RuleContext): Finding[] {
  const remarks = [
    ...methodRemarks(rule, context.allowWrites),
    ...pathRemarks(rule, spec),
    ...originRemarks(rule, context.bitbucket),
    ...secretRemarks(rule),
  ];
  return remarks.map((remark) => ({ ...remark, where: rule.where, ruleId: rule.id }));
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

function methodRemarks({ list, method, writesOff }: Rule, allowWrites: boolean): Remark[] {
  if (list === 'public' || isRead(method)) return [];
  const remarks: Remark[] = [];
  if (method === 'ANY') {
    const text = `takes every method${writesOff ? '; GET and HEAD as long as ALLOW_WRITES is not true' : ''}`;
    const suggestion = 'Name the one method that is needed.';
    remarks.push({ level: 'warn', code: 'any-method', text, suggestion });
  }
  remarks.push(
    allowWrites
      ? {
          level: 'warn',
          code: 'writes',
          text: `may change things at Bitbucket (${method}): ALLOW_WRITES is true`,
          suggestion: 'Take it out, or ALLOW_WRITES, if nothing is to be changed from outside.',
        }
      : {
          level: 'info',
          code: 'writes',
          text: `is for changing things (${method}), and off: ALLOW_WRITES is not true`,
          suggestion: 'Take it out if it is never to be turned on.',
        },
  );
  return remarks;
}

function pathRemarks({ list, path, method, writesOff }: Rule, spec: RuleSpec): Remark[] {
  const remarks: Remark[] = [];
  const slow = slowPath(path);
  const lookup = new Lookup(exponentialPath(path) ? [] : [parsePattern(path)]);
  const all = UNRELATED.every((one) => lookup.find(one) > 0);
  const death = deathOf(path, spec.valid);
  if (death !== null) remarks.push({ level: 'warn', code: 'dead', ...death });
  if (all && list === 'private') {
    const suggestion = 'Write one rule for each call that is needed.';
    remarks.push(
      method === 'ANY'
        ? { level: 'error', code: 'any-catch-all', text: 'takes every method at every path', suggestion }
        : { level: 'warn', code: 'catch-all', text: 'takes every path', suggestion },
    );
  } else if (/\*$|\(\.\*\)\??$|:\w+[*+]$/.test(path)) {
    const suggestion = 'Name what may stand there, if that is known.';
    remarks.push({
      level: 'info',
      code: 'catch-all',
      text: 'takes whatever follows the start of its path',
      suggestion,
    });
  }
  const reads = isRead(method) || method === 'ANY' || (method === 'POST' && !writesOff);
  if (reads && list === 'private') remarks.push(...codeRemarks(path, method));
  if (slow || spec.valid.some((entry) => entry.kind === 'body-regex' && looksExponential(entry.regex))) {
    remarks.push({
      level: 'warn',
      code: 'slow-pattern',
      text: 'has a repeat inside a repeat: a call made for it could keep the agent busy',
      suggestion: 'Write it without one of the two.',
    });
  }
  return remarks;
}

function codeRemarks(path: string, method: string): Remark[] {
  switch (codeReach(path, method)) {
    case 'content':
      return [
        {
          level: 'warn',
          code: 'reads-code',
          text: 'may read the content of files in repositories',
          suggestion: 'Narrow it to the files that are needed, or take it out.',
        },
      ];
    case 'one-file':
      return [
        {
          level: 'info',
          code: 'reads-code',
          text: 'reads the content of one file, which its path names',
          suggestion: 'Nothing to do if that file may be read.',
        },
      ];
    case 'names':
      return [
        {
          level: 'info',
          code: 'reads-file-names',
          text: 'may read the names of files in repositories',
          suggestion: 'Nothing to do if names may be read.',
        },
      ];
    default:
      return [];
  }
}

function originRemarks({ list, origin, basePath, auth }: Rule, bitbucket: BitbucketPlace): Remark[] {
  if (list === 'public' || origin === AGENT_ORIGIN) return [];
  if (origin !== bitbucket.origin) {
    const what = auth === null ? '' : ', with a login';
    const remarks: Remark[] = [
      {
        level: 'warn',
        code: 'other-origin',
        text: `goes to ${origin}, which is not the configured Bitbucket${what}`,
        suggestion: 'Take it out if Snyk is to reach Bitbucket only.',
      },
    ];
    if (auth !== null && origin.startsWith('http:')) {
      const text = `sends a login to ${origin} unencrypted`;
      remarks.push({ level: 'error', code: 'plain-http', text, suggestion: 'Use https.' });
    }
    return remarks;
  }
  if (bitbucket.basePath === '' || `${basePath}/`.startsWith(`${bitbucket.basePath}/`)) return [];
  return [
    {
      level: 'warn',
      code: 'outside-context',
      text: `goes to the host of Bitbucket, but not below ${bitbucket.basePath}`,
      suggestion: 'Write the origin with ${BITBUCKET} or ${BITBUCKET_API}.',
    },
  ];
}

function secretRemarks({ auth }: Rule): Remark[] {
  const { scheme, ...texts } = auth ?? { scheme: 'bitbucket' };
  const written = Object.entries(texts).some(([name, text]) => {
    if (name === 'username') return false;
    const plain = scheme === 'raw' ? text.replace(/^(?:Bearer|Basic|token) /i, '') : text;
    return maskLiterals(plain) !== plain;
  });
  if (!written) return [];
  return [
    {
      level: 'warn',
      code: 'secret-in-file',
      text: 'has a login written out in the file',
      suggestion: 'Put it into a variable and write ${NAME}.',
    },
  ];
}
