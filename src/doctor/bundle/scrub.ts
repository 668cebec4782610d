import { AgentError } from '../../errors.ts';
import { type Revealable, scrubbedTexts, scrubber } from '../../scrub.ts';

/** Lower than for the log: an archive leaves the company, and a masked word too many does no harm in it. */
const SHORTEST = 4;
/** What long spellings are found in is no accident. */
const CERTAIN = 8;
const LOGIN = /([a-z][a-z\d+.-]*:\/\/)[^\s/?#"'<>\\@]+@/gi;

/** Takes secrets out of what leaves in an archive. */
export interface Scrub {
  text(text: string): string;
  /** The same value, its texts and names of fields scrubbed one by one. For plain data without cycles. */
  value<Value>(value: Value): Value;
  /** The last look. @throws AgentError `INTERNAL` when a secret of some length is still there */
  assertClean(text: string): void;
}

/**
 * Knows secrets in every spelling of {@link scrubber}, and any login in a URL.
 *
 * @param shortest spellings of fewer characters are not looked for
 */
export function createScrub(secrets: readonly Revealable[], shortest = SHORTEST): Scrub {
  const known = () => secrets;
  const masked = scrubber(known, shortest);
  const masksSurely = scrubber(known, CERTAIN);
  const text = (given: string) => masked(given).replace(LOGIN, '$1[secret]@');
  return {
    text,
    value: (given) => scrubbedTexts(given, text, text),
    assertClean(given) {
      if (masksSurely(given) !== given)
        throw new AgentError('INTERNAL', 'A secret was about to leave in the archive.');
    },
  };
}
