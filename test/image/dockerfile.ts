import { minimatch } from 'minimatch';

export interface Instruction {
  /** Upper case. */
  readonly name: string;
  readonly rest: string;
}

export interface BuildStage {
  readonly base: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** `ARG`s before the first stage, with their defaults. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly BuildStage[];
}

/** Reads a Dockerfile: comments out, continued lines joined, instructions by stage. */
export function readDockerfile(text: string): Dockerfile {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  const joined = lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  const instructions = joined
    .map((line) => /^\s*(\w+)\s+(.*)$/.exec(line))
    .filter((found) => found !== null)
    .map(([, name = '', rest = '']) => ({ name: name.toUpperCase(), rest: rest.trim() }));
  const args: Record<string, string> = {};
  const stages: { base: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      const [, base = '', name = null] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.rest) ?? [];
      stages.push({ base, name, instructions: [] });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.name === 'ARG') {
      const [name = '', ...value] = instruction.rest.split('=');
      args[name] = value.join('=');
    }
  }
  return { args, stages };
}

/** What an instruction that counts once says: the last one. */
export const last = (stage: BuildStage, name: string): string | undefined =>
  stage.instructions.findLast((one) => one.name === name)?.rest;

const SECRET = /TOKEN|SECRET|PASSWORD|PASSWD|_PAT\b|CREDENTIAL|API_?KEY|PRIVATE/i;
const EXEC_FORM = /^\[\s*("[^"]*"\s*,\s*)*"[^"]*"\s*\]$/;
const METADATA = ['ENTRYPOINT', 'CMD', 'HEALTHCHECK', 'USER', 'WORKDIR', 'STOPSIGNAL', 'EXPOSE'];

/** Everything in which a Dockerfile breaks what docs/image.md promises, in words. */
export function flawsOf({ args, stages }: Dockerfile): string[] {
  const flaws: string[] = [];
  const must = (holds: boolean, flaw: string) => void (holds || flaws.push(flaw));
  const names = new Set(stages.map(({ name }) => name));
  const baseOf = (base: string) => base.replace(/^\$\{(\w+)\}$/, (_, name: string) => args[name] ?? base);
  for (const { base } of stages) {
    const known = baseOf(base);
    must(names.has(known) || /[:@][^:@/]+$/.test(known), `${base} has no tag`);
    must(!known.endsWith(':latest'), `${base} is latest`);
  }
  const every = stages.flatMap(({ instructions }) => instructions);
  for (const { name, rest } of every) {
    must(name !== 'ADD', `ADD ${rest}`);
    must(name !== 'VOLUME', `VOLUME ${rest}`);
    must(!['ARG', 'ENV'].includes(name) || !SECRET.test(rest), `${name} ${rest} looks like a secret`);
    must(name !== 'COPY' || !/--link|<</.test(rest), `COPY ${rest} needs BuildKit`);
    must(name !== 'RUN' || !/\b(curl|wget|apt-get|apk)\b/.test(rest), `RUN ${rest} fetches`);
    must(!/\bnpm (ci|install|i)\b/.test(rest) || rest.includes('--ignore-scripts'), `${rest} runs scripts`);
    must(!/\bnpm (install|i)\b/.test(rest), `${rest} is not by the lock file`);
  }
  for (const stage of stages.filter(({ name }) => name === 'runtime' || name === 'debug')) {
    flaws.push(...stageFlaws(stage));
  }
  const [debug, runtime] = ['debug', 'runtime'].map((wanted) => stages.find(({ name }) => name === wanted));
  must(runtime !== undefined && stages.at(-1) === runtime, 'the last stage is not the runtime');
  must(debug !== undefined, 'there is no debug stage');
  if (debug === undefined || runtime === undefined) return flaws;
  must(!runtime.instructions.some(({ name }) => name === 'RUN'), 'the runtime has no shell for RUN');
  for (const name of METADATA) must(last(debug, name) === last(runtime, name), `debug has another ${name}`);
  return flaws;
}

function stageFlaws(stage: BuildStage): string[] {
  const flaws: string[] = [];
  const must = (holds: boolean, flaw: string) => void (holds || flaws.push(`${stage.name}: ${flaw}`));
  const user = /^(\d+):(\d+)$/.exec(last(stage, 'USER') ?? '');
  must(user !== null && user[1] !== '0' && user[2] !== '0', 'USER is not numeric and non-root');
  for (const name of ['ENTRYPOINT', 'CMD']) {
    must(EXEC_FORM.test(last(stage, name) ?? ''), `${name} is not in exec form`);
  }
  const [, options = '', check = ''] =
    /^((?:--\S+\s+)*)CMD\s+(.*)$/.exec(last(stage, 'HEALTHCHECK') ?? '') ?? [];
  must(EXEC_FORM.test(check), 'HEALTHCHECK is not in exec form');
  must(/--timeout=\d+s/.test(options), 'HEALTHCHECK has no time limit');
  must(last(stage, 'STOPSIGNAL') === 'SIGTERM', 'STOPSIGNAL is not SIGTERM');
  for (const { name, rest } of stage.instructions.filter((one) => one.name === 'COPY')) {
    const owned = rest.includes('--chown=');
    must(rest.includes('--from='), `${name} ${rest} is not from a stage`);
    must(!owned || rest.endsWith(' /state /var/lib'), `${name} ${rest} is not root's`);
  }
  return flaws;
}

/** Whether a path of the build context reaches the build, as Docker reads `.dockerignore`: the last match decides. */
export function reachesBuild(ignoreFile: string, path: string): boolean {
  const parts = path.split('/');
  const withParents = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  const patterns = ignoreFile.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return patterns.reduce((reaches, line) => {
    const keep = line.startsWith('!');
    const pattern = line.replace(/^!/, '').trim();
    const matches = withParents.some((one) => minimatch(one, pattern, { dot: true }));
    return matches ? keep : reaches;
  }, true);
}
