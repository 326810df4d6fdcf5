import { existsSync } from 'node:fs';
import { blamingConf } from '../base/containers-conf-blame.ts';
import { resolve } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { SecuritySpec } from './container-spec.ts';
import { parseCapability } from './capabilities.ts';
import type { CreateExtras, CreateOptions } from './create-options.ts';
import { parseBoolean } from './key-value.ts';
import { parseSeccompProfile } from './seccomp.ts';
import type { SpecContext } from './spec-context.ts';

export function securityFromOptions(options: CreateOptions, context: SpecContext): SecuritySpec {
  const security: SecuritySpec = {
    privileged: options.privileged ?? context.config.containers.privileged,
    capAdd: (options.capAdd ?? []).map(parseCapability),
    capDrop: (options.capDrop ?? []).map(parseCapability),
    defaultCapabilities: blamingConf(context.config, 'containers.default_capabilities', () =>
      context.config.containers.defaultCapabilities.map(parseCapability),
    ),
    noNewPrivileges: false,
    seccomp: configuredProfile(context),
    apparmor: context.host.apparmor ? context.config.containers.apparmorProfile || undefined : undefined,
    selinux: [],
    mask: [],
    unmask: [],
    procOptions: [],
  };
  for (const text of options.securityOpt ?? []) readSecurityOption(text, security, context);
  return security;
}

/** What it says is read at the start; a file that is not there is told with the one that names it. */
function configuredProfile({ config }: SpecContext): string | undefined {
  const path = config.containers.seccompProfile || undefined;
  if (path === undefined || path === 'unconfined' || existsSync(path)) return path;
  return blamingConf(config, 'containers.seccomp_profile', () => {
    throw new InvalidSpecError(`cannot load seccomp profile ${path}: no such file or directory`);
  });
}

export function securityExtras(
  extras: CreateExtras,
): Pick<SecuritySpec, 'seccompProfile' | 'maskedPaths' | 'readonlyPaths'> {
  const { seccompProfile, maskedPaths, readonlyPaths } = extras;
  const checked = (paths: string[], name: string): string[] => paths.map((path) => absolute(path, name));
  return {
    ...(seccompProfile === undefined
      ? {}
      : { seccompProfile: parseSeccompProfile(seccompProfile, 'of the request') }),
    ...(maskedPaths === undefined ? {} : { maskedPaths: checked(maskedPaths, 'MaskedPaths') }),
    ...(readonlyPaths === undefined ? {} : { readonlyPaths: checked(readonlyPaths, 'ReadonlyPaths') }),
  };
}

/** `--seccomp-policy image`: the profile that the image carries in a label; without one what holds otherwise. */
export function profileOfImage(
  options: CreateOptions,
  context: SpecContext,
): Partial<Pick<SecuritySpec, 'seccompProfile' | 'seccomp'>> {
  const policy = options.seccompPolicy ?? 'default';
  if (policy !== 'default' && policy !== 'image')
    throw new InvalidSpecError(`invalid --seccomp-policy "${policy}": must be default or image`);
  const text = policy === 'image' ? context.image?.config.config.labels?.[SECCOMP_LABEL] : undefined;
  if (!text) return {};
  return {
    seccomp: undefined,
    seccompProfile: parseSeccompProfile(text, `in the image's label ${SECCOMP_LABEL}`),
  };
}

const SECCOMP_LABEL = 'io.containers.seccomp.profile';

function readSecurityOption(text: string, security: SecuritySpec, context: SpecContext): void {
  // Older docker wrote a colon.
  const at = text.search(/[=:]/);
  const key = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? undefined : text.slice(at + 1);
  if (key === 'no-new-privileges') {
    const on = value === undefined ? true : parseBoolean(value);
    if (on === undefined)
      throw new InvalidSpecError(`invalid --security-opt "${text}": must be true or false`);
    security.noNewPrivileges = on;
    return;
  }
  if (value === undefined || value === '') throw new InvalidSpecError(`invalid --security-opt: "${text}"`);
  const option = `--security-opt "${text}"`;
  switch (key) {
    case 'seccomp':
      // Docker's name for the default.
      if (value === 'builtin') security.seccomp = undefined;
      else security.seccomp = value === 'unconfined' ? value : resolve(context.cwd, value);
      return;
    case 'apparmor':
      if (value !== 'unconfined' && !context.host.apparmor)
        throw new UnsupportedError(
          `cannot use --security-opt ${text}: AppArmor is not available on this host`,
        );
      security.apparmor = value;
      return;
    case 'label':
      // One file for hosts with and without: the peers ignore it where there are no labels.
      if (value !== 'disable' && value !== 'nested' && !context.host.selinux)
        context.warn(`--security-opt ${text} has no effect: SELinux is not enabled on this host`);
      security.selinux.push(value);
      return;
    case 'mask':
      security.mask.push(...value.split(':').map((path) => absolute(path, option)));
      return;
    case 'unmask':
      security.unmask.push(
        ...(value.toLowerCase() === 'all'
          ? ['ALL']
          : value
              .split(/[:,]/)
              .map((path) => (path.toLowerCase() === 'all' ? 'ALL' : absolute(path, option)))),
      );
      return;
    case 'systempaths':
      // Docker's name for unmask=ALL.
      if (value !== 'unconfined') throw new InvalidSpecError(`invalid --security-opt: "${text}"`);
      security.unmask.push('ALL');
      return;
    case 'proc-opts':
      security.procOptions.push(...value.split(','));
      return;
    default:
      throw new InvalidSpecError(`invalid --security-opt: "${text}"`);
  }
}

function absolute(path: string, text: string): string {
  if (!path.startsWith('/') || path.includes('\0'))
    throw new InvalidSpecError(`invalid ${text}: ${JSON.stringify(path)} is not an absolute path`);
  return path;
}
