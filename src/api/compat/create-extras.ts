import { UsageError } from '../../base/errors.ts';
import type { AttachedStream } from '../../specgen/container-spec.ts';
import type { CreateExtras } from '../../specgen/create-options.ts';
import { flagIn, objectIn, textIn, textsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';
import { networkLinks } from './create-network.ts';

/** The members of docker's body for which no flag of create stands. */
export function extrasOf(body: JsonObject): CreateExtras {
  const host = objectIn(body, 'HostConfig');
  const runtime = textIn(host, 'Runtime');
  if (runtime?.includes('/') === true)
    throw new UsageError(`unknown or invalid runtime name: ${JSON.stringify(runtime)}`);
  const { seccompProfile } = securityOptions(host);
  const consoleSize = sizeIn(host, 'ConsoleSize');
  const attached = attachedIn(body);
  const lists = isUnconfined(host) ? {} : pathLists(host);
  const links = networkLinks(body);
  return {
    ...(runtime === undefined ? {} : { runtime }),
    ...(seccompProfile === undefined ? {} : { seccompProfile }),
    ...lists,
    ...(consoleSize === undefined ? {} : { consoleSize }),
    ...(flagIn(body, 'OpenStdin') === true && flagIn(body, 'StdinOnce') !== true ? { keepStdin: true } : {}),
    ...(attached.length === 0 ? {} : { attached }),
    ...(links.length === 0 ? {} : { networkLinks: links }),
  };
}

const ATTACHED = { AttachStdin: 'stdin', AttachStdout: 'stdout', AttachStderr: 'stderr' } as const;

function attachedIn(body: JsonObject): AttachedStream[] {
  return Object.entries(ATTACHED).flatMap(([name, stream]) => (flagIn(body, name) === true ? [stream] : []));
}

/** The client sends the text of a seccomp profile, not the path of its file; of several the last one counts. */
export function securityOptions(host: JsonObject): { plain: string[]; seccompProfile: string | undefined } {
  const given = textsIn(host, 'SecurityOpt');
  const isInline = (option: string): boolean => INLINE_PROFILE.test(option);
  const last = given.findLast((option) => /^seccomp[=:]/.test(option));
  return {
    plain: [
      ...given.filter((option) => !isInline(option) && (option === last || !/^seccomp[=:]/.test(option))),
      ...(isUnconfined(host) ? ['unmask=ALL'] : []),
    ],
    seccompProfile: last !== undefined && isInline(last) ? last.replace(/^seccomp[=:]/, '') : undefined,
  };
}

const INLINE_PROFILE = /^seccomp[=:]\s*\{/;

/** Two empty lists: `--security-opt systempaths=unconfined` of the client. */
function isUnconfined(host: JsonObject): boolean {
  return [host['MaskedPaths'], host['ReadonlyPaths']].every(
    (list) => Array.isArray(list) && list.length === 0,
  );
}

function pathLists(host: JsonObject): Pick<CreateExtras, 'maskedPaths' | 'readonlyPaths'> {
  const isGiven = (name: string): boolean => host[name] !== undefined && host[name] !== null;
  return {
    ...(isGiven('MaskedPaths') ? { maskedPaths: textsIn(host, 'MaskedPaths') } : {}),
    ...(isGiven('ReadonlyPaths') ? { readonlyPaths: textsIn(host, 'ReadonlyPaths') } : {}),
  };
}

/** `[height, width]`; zeros say nothing. */
export function sizeIn(body: JsonObject, name: string): { height: number; width: number } | undefined {
  const value = body[name];
  if (!Array.isArray(value)) return undefined;
  const [height, width] = value as unknown[];
  if (!isLength(height) || !isLength(width)) return undefined;
  return { height, width };
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LONGEST;
}

/** struct winsize has 16 bits. */
const LONGEST = 65_535;
