import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** `TCP_LISTEN` of Linux, as `/proc/net/tcp` writes it. */
const LISTEN = '0A';

/** The TCP ports that a process listens on (Linux only). */
export function listeningPorts(pid: number): number[] {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketOf(`/proc/${pid}/fd/${fd}`)));
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        const port = Number.parseInt(local.split(':')[1] ?? '', 16);
        return state === LISTEN && inodes.has(inode) ? [port] : [];
      }),
  );
}

/** A file that was closed meanwhile is none. */
function socketOf(link: string): string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.slice(1) ?? [];
  } catch {
    return [];
  }
}
