import { blamingConf } from '../base/containers-conf-blame.ts';
import { InvalidSpecError } from '../base/errors.ts';
import type { NamespaceMode, NamespacesSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import { splitOnce } from './key-value.ts';
import type { SpecContext } from './spec-context.ts';

export function namespacesFromOptions(options: CreateOptions, context: SpecContext): NamespacesSpec {
  const defaults = context.config.containers;
  const parse = (kind: NamespaceKind, text: string | undefined, fallback: string): NamespaceMode =>
    text === undefined || text === ''
      ? blamingConf(context.config, `containers.${KEY[kind]}`, () => parseNamespace(kind, fallback, context))
      : parseNamespace(kind, text, context);
  return {
    pid: parse('pid', options.pid, defaults.pidns),
    ipc: parse('ipc', options.ipc, defaults.ipcns),
    uts: parse('uts', options.uts, defaults.utsns),
    // On v1 a private cgroup namespace confuses more programs than it serves; podman keeps the host's there too.
    cgroup: parse('cgroup', options.cgroupns, context.host.cgroupVersion === 2 ? defaults.cgroupns : 'host'),
    user: context.userns?.mode ?? { mode: 'host' },
  };
}

type NamespaceKind = 'pid' | 'ipc' | 'uts' | 'cgroup';

const KEY: Record<NamespaceKind, string> = {
  pid: 'pidns',
  ipc: 'ipcns',
  uts: 'utsns',
  cgroup: 'cgroupns',
};

const FLAG: Record<NamespaceKind, string> = {
  pid: '--pid',
  ipc: '--ipc',
  uts: '--uts',
  cgroup: '--cgroupns',
};

function parseNamespace(kind: NamespaceKind, text: string, context: SpecContext): NamespaceMode {
  const [word, rest] = splitOnce(text, ':');
  if (word === 'container' && rest !== undefined)
    return { mode: 'container', id: context.lookupContainer(rest).id };
  if (word === 'ns' && rest !== undefined) {
    if (!rest.startsWith('/'))
      throw new InvalidSpecError(`${FLAG[kind]} ns: needs an absolute path, got "${rest}"`);
    return { mode: 'path', path: rest };
  }
  if (text === 'host') return { mode: 'host' };
  if (text === 'private') return { mode: 'private' };
  if (kind === 'ipc' && (text === 'shareable' || text === 'none')) return { mode: text };
  if (text === 'pod')
    throw new InvalidSpecError(`${FLAG[kind]} pod is for containers of a pod: --pod says of which`);
  throw new InvalidSpecError(`unrecognized namespace mode "${text}" for ${FLAG[kind]}`);
}
