import { hashOfRules } from '../../agent/gate.ts';
import { EXIT, ending } from '../ending.ts';
import { loadList } from './load.ts';

/** `bitbucket-agent rules hash`: what `RULES_HASH` is compared with. */
export function hash(options: { readonly accept?: string }): Promise<void> {
  return ending(async () => {
    process.stdout.write(`${hashOfRules(loadList(options.accept).rules)}\n`);
    return EXIT.ok;
  }, EXIT.defect);
}
