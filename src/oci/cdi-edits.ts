import { statSync } from 'node:fs';
import { InvalidSpecError, messageOf } from '../base/errors.ts';
import type { CdiEdits, CdiNode } from './cdi-spec.ts';
import type { RuntimeSpec } from './runtime-spec.ts';

/** Changes config.json as the devices want. `confined`: no device node can be made, the host's is bound. */
export function applyCdiEdits(
  document: RuntimeSpec,
  all: readonly CdiEdits[],
  { confined }: { confined: boolean },
): void {
  for (const edits of all) {
    addEnv(document, edits.env);
    for (const node of edits.deviceNodes) {
      if (confined) bindNode(document, node);
      else addNode(document, node);
    }
    for (const { hostPath, containerPath, options, type } of edits.mounts) {
      document.mounts = document.mounts.filter(({ destination }) => destination !== containerPath);
      const isBind = options.some((option) => option === 'bind' || option === 'rbind');
      document.mounts.push({
        source: hostPath,
        destination: containerPath,
        type: type ?? 'bind',
        options: isBind || (type ?? 'bind') !== 'bind' ? options : [...options, 'rbind'],
      });
    }
    for (const { stage, hook } of edits.hooks) {
      document.hooks ??= {};
      document.hooks[stage] = [...(document.hooks[stage] ?? []), hook];
    }
    addGroups(document, edits.additionalGids);
  }
}

function addEnv({ process }: RuntimeSpec, added: readonly string[]): void {
  for (const text of added) {
    const name = `${text.split('=', 1)[0] ?? ''}=`;
    process.env = [...process.env.filter((other) => !other.startsWith(name)), text];
  }
}

function addGroups({ process }: RuntimeSpec, gids: readonly number[]): void {
  if (gids.length === 0) return;
  process.user.additionalGids = [...new Set([...(process.user.additionalGids ?? []), ...gids])];
}

function bindNode(document: RuntimeSpec, { path, hostPath }: CdiNode): void {
  facts(hostPath);
  document.mounts.push({
    destination: path,
    type: 'bind',
    source: hostPath,
    options: ['slave', 'nosuid', 'noexec', 'rw', 'rbind'],
  });
}

function addNode({ linux }: RuntimeSpec, node: CdiNode): void {
  const { type, major, minor, mode, uid, gid } = facts(node.hostPath);
  const fileMode = node.fileMode === undefined ? mode : node.fileMode & 0o7777;
  const others = (linux.devices ?? []).filter(({ path }) => path !== node.path);
  linux.devices = [
    ...others,
    { type, path: node.path, major, minor, fileMode, uid: node.uid ?? uid, gid: node.gid ?? gid },
  ];
  if (linux.resources?.devices === undefined) return;
  linux.resources.devices.push({ allow: true, type, major, minor, access: node.permissions });
}

function facts(path: string) {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(path);
  } catch (error) {
    throw new InvalidSpecError(`cannot use CDI device node ${path}: ${messageOf(error)}`, { cause: error });
  }
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) throw new InvalidSpecError(`cannot use CDI device node ${path}: not a device`);
  const rdev = BigInt(stat.rdev);
  return {
    type,
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
  };
}
