import { type Proof, verify } from '../../audit/verify.ts';
import { ConfigError } from '../../errors.ts';
import { EXIT } from '../ending.ts';

export interface VerifyCommand {
  readonly instance?: string;
  readonly head?: string;
}

const HASH = /^[0-9a-f]{64}$/;
const NO_HEAD =
  'Records at the very end that were cut off leave no trace in a chain: prove a head noted elsewhere with --head.';

/** Proves the chains below a folder and says so on stdout. */
export async function verifyTrail(folder: string, { instance, head }: VerifyCommand): Promise<number> {
  const wanted = head?.toLowerCase();
  if (wanted !== undefined && !HASH.test(wanted)) {
    const reason = 'is not a SHA-256 in hexadecimal, 64 digits';
    throw new ConfigError([{ where: 'audit verify --head', reason, example: 'a'.repeat(64) }]);
  }
  const proofs = await verify(folder, {
    ...(instance === undefined ? {} : { instance }),
    ...(wanted === undefined ? {} : { head: wanted }),
  });
  if (proofs.every(({ records, broken }) => records === 0 && broken === null)) {
    const reason =
      proofs.length > 0 ? 'has no records' : `has no chain${instance === undefined ? '' : ' of that name'}`;
    throw new ConfigError([
      { where: 'audit verify', reason: `${folder} ${reason}`, example: 'audit verify --state-dir ./state' },
    ]);
  }
  const blocks = proofs.map((proof) => told(proof).join('\n'));
  const found = proofs.filter(({ headSeq }) => headSeq !== null);
  if (wanted !== undefined) {
    const [proof] = found;
    blocks.push(
      proof === undefined
        ? `head ${wanted}: NOT FOUND in any chain`
        : `head ${wanted}: record ${proof.headSeq} of ${proof.instance}`,
    );
  } else blocks.push(NO_HEAD);
  process.stdout.write(`${blocks.join('\n\n')}\n`);
  const proven = proofs.every(({ broken }) => broken === null) && (wanted === undefined || found.length > 0);
  return proven ? EXIT.ok : EXIT.defect;
}

function told(proof: Proof): string[] {
  const { instance, files, records, from, to, firstSeq, lastSeq, head, notes, broken } = proof;
  const span = firstSeq === null ? '' : `, ${firstSeq} to ${lastSeq}`;
  const lines = [
    `${instance}: ${broken === null ? 'proven' : 'BROKEN'}`,
    `  records  ${records} in ${files} file(s)${span}`,
    `  from     ${from ?? '-'}`,
    `  to       ${to ?? '-'}`,
    ...(broken === null ? [`  head     ${head ?? '-'}`] : []),
    ...notes.map((note) => `  note     ${note}`),
  ];
  if (broken === null) return lines;
  const { file, line, seq, damage, detail } = broken;
  return [...lines, `  broken   ${file} line ${line}, record ${seq ?? '?'}: ${damage}: ${detail}`];
}
