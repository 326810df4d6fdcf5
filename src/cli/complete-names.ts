import { constants } from 'node:os';
import { listModules } from '../base/conf-modules.ts';
import { userDirectory as confDirectory } from '../base/containers-conf-files.ts';
import { type NameKind, readNames } from '../engine/names.ts';
import type { Candidate } from './complete.ts';
import type { CompletionProvider } from './flag.ts';

const KINDS: Partial<Record<CompletionProvider, NameKind>> = {
  containers: 'containers',
  'running-containers': 'running-containers',
  images: 'images',
  volumes: 'volumes',
  networks: 'networks',
  pods: 'pods',
  secrets: 'secrets',
};

const CAPABILITIES =
  'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM';

/** Names of what there is; reads state without changing it, and finds nothing where there is none. */
export function namesForCompletion(
  provider: CompletionProvider,
  globals: ReadonlyMap<string, string>,
): Candidate[] {
  if (provider === 'signals') return Object.keys(constants.signals).map((text) => ({ text }));
  if (provider === 'capabilities') return ['ALL', ...CAPABILITIES.split(' ')].map((text) => ({ text }));
  if (provider === 'modules')
    return listModules(confDirectory(process.env)).map(({ name, place }) => ({
      text: name,
      description: place,
    }));
  const kind = KINDS[provider];
  return kind === undefined
    ? []
    : readNames(kind, {
        root: globals.get('root'),
        networkConfigDir: globals.get('network-config-dir'),
      }).map(({ name, about }) => ({ text: name, description: about }));
}
