/** Longer texts are cut; UTF-16 units. */
const LONGEST = 200;
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text that somebody else wrote, as a terminal or a log is shown it: cut, and without characters that do not show but
 * steer, so that no name moves the cursor or makes a line of its own.
 */
export function shownText(text: string, longest = LONGEST): string {
  const cut =
    text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  return cut.toWellFormed().replace(UNSHOWN, '\uFFFD');
}
