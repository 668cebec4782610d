/**
 * What must not outlive this process: children and temporary folders. Undone at its end, whichever way it ends,
 * short of SIGKILL.
 */

const undoings = new Set<() => void>();
let listening = false;

/** Has `undo` run, synchronously, when this process exits. Returns the way to take that back. */
export function undoAtExit(undo: () => void): () => void {
  if (!listening) {
    listening = true;
    process.once('exit', () => {
      for (const each of undoings) each();
    });
  }
  undoings.add(undo);
  return () => undoings.delete(undo);
}
