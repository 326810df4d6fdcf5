import { formatPlatform, hostPlatform, parsePlatform } from '../image/manifest.ts';
import type { Platform } from '../oci/image-spec.ts';
import type { ParsedContainerfile } from './instruction.ts';
import type { GlobalScope } from './plan.ts';
import { resolveInstruction } from './resolve-instruction.ts';

/** What is known before the first FROM. */
export function readGlobalScope(
  file: ParsedContainerfile,
  { buildArgs, platform }: { buildArgs: ReadonlyMap<string, string>; platform: string | undefined },
  stageName: string | undefined,
): GlobalScope {
  const platformArgs = platformArguments(platform, stageName);
  const globalArgs = new Map<string, string>();
  const lookup = (name: string): string | undefined => globalArgs.get(name) ?? platformArgs.get(name);
  for (const instruction of file.globalArgs) {
    const resolved = resolveInstruction(instruction, { lookup });
    if (resolved.keyword !== 'ARG') continue;
    for (const { name, value } of resolved.args) {
      const decided = buildArgs.get(name) ?? value;
      if (decided !== undefined) globalArgs.set(name, decided);
    }
  }
  return { buildArgs, globalArgs, platformArgs };
}

function platformArguments(platform: string | undefined, stageName: string | undefined): Map<string, string> {
  const target = platform === undefined ? hostPlatform() : parsePlatform(platform);
  return new Map([
    ...describe('TARGET', target),
    ...describe('BUILD', hostPlatform()),
    ['TARGETSTAGE', stageName ?? 'default'],
  ]);
}

function describe(prefix: string, platform: Platform): [string, string][] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}
