import { NotFoundError, UsageError } from '../base/errors.ts';
import type { Descriptor, ImageIndex, Platform } from '../oci/image-spec.ts';

export interface PlatformOptions {
  /** `os[/arch[/variant]]`; excludes the other three. */
  platform?: string | undefined;
  os?: string | undefined;
  arch?: string | undefined;
  variant?: string | undefined;
}

const NODE_ARCHITECTURES: Record<string, string> = {
  x64: 'amd64',
  ia32: '386',
  loong64: 'loong64',
  mipsel: 'mipsle',
  ppc64: 'ppc64le',
};

/** Uname's and other people's spellings. */
const ARCHITECTURE_ALIASES: Record<string, Omit<Platform, 'os'>> = {
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
  i386: { architecture: '386' },
  i686: { architecture: '386' },
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
};

/** What is taken when there is no exact match, best first. */
const ARM_VARIANTS = ['v8', 'v7', 'v6', 'v5'];

export function hostPlatform(): Platform {
  const architecture = NODE_ARCHITECTURES[process.arch] ?? process.arch;
  return architecture === 'arm'
    ? { os: 'linux', architecture, variant: armVariant() }
    : { os: 'linux', architecture };
}

/** True when the caller asked for anything at all. */
export function namesPlatform(options: PlatformOptions): boolean {
  return [options.platform, options.os, options.arch, options.variant].some((part) => !!part);
}

export function wantedPlatform(options: PlatformOptions): Platform {
  const host = hostPlatform();
  if (!namesPlatform(options)) return host;
  if (options.platform) {
    if (options.os || options.arch || options.variant)
      throw new UsageError('--platform option can not be specified with --os, --arch or --variant');
    return parsePlatform(options.platform);
  }
  return normalise(
    options.os || host.os,
    options.arch || host.architecture,
    options.variant || (options.arch ? undefined : host.variant),
  );
}

export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  const [os = '', architecture = '', variant] = parts;
  if (parts.length > 3 || parts.includes('')) {
    throw new UsageError(`invalid platform ${JSON.stringify(text)}: expected os/arch[/variant]`);
  }
  const host = hostPlatform();
  if (parts.length === 1) {
    // `--platform arm64` names an architecture, `--platform linux` an operating system.
    return /^(linux|windows|darwin|freebsd)$/i.test(os)
      ? normalise(os, host.architecture, host.variant)
      : normalise(host.os, os, undefined);
  }
  return normalise(os, architecture, variant);
}

export function formatPlatform(platform: Platform): string {
  const variant = platform.variant ? `/${platform.variant}` : '';
  return `${platform.os}/${platform.architecture}${variant}`;
}

/** Whether an image of platform `have` runs where `want` is wanted. */
export function isPlatformMatch(have: Platform, want: Platform): boolean {
  const found = normalise(have.os, have.architecture, have.variant);
  if (found.os !== want.os || found.architecture !== want.architecture) return false;
  return acceptableVariants(want).includes(found.variant ?? '');
}

/**
 * The manifest of an index for a platform: the first entry of the best variant. Entries that are not images (attestations,
 * platform `unknown/unknown`) never match. None: a NotFoundError that lists what there is.
 */
export function chooseManifest(index: ImageIndex, want: Platform, what: string): Descriptor {
  const candidates = index.manifests.filter((one) => one.platform !== undefined);
  for (const variant of acceptableVariants(want)) {
    const found = candidates.find(({ platform }) => {
      if (platform === undefined) return false;
      const have = normalise(platform.os, platform.architecture, platform.variant);
      return (
        have.os === want.os && have.architecture === want.architecture && (have.variant ?? '') === variant
      );
    });
    if (found !== undefined) return found;
  }
  const [only] = index.manifests;
  if (only !== undefined && index.manifests.length === 1 && only.platform === undefined) return only;
  const available = [...new Set(candidates.flatMap((one) => (one.platform ? [one.platform] : [])))]
    .filter((platform) => platform.os !== 'unknown')
    .map(formatPlatform);
  throw new NotFoundError('image', what, {
    message: `no image found in image index for platform ${formatPlatform(want)}: ${what} has ${available.join(', ') || 'none'}`,
    hint: 'choose one with --platform',
  });
}

function acceptableVariants(want: Platform): string[] {
  if (want.architecture === 'arm') {
    const start = ARM_VARIANTS.indexOf(want.variant ?? 'v7');
    if (start === -1) return [want.variant ?? ''];
    return [...ARM_VARIANTS.slice(start), ''];
  }
  if (want.architecture === 'arm64') return [...new Set([want.variant ?? 'v8', 'v8', ''])];
  // amd64 levels: a plain image runs everywhere; a v2 or v3 image only where it is asked for.
  const level = want.architecture === 'amd64' ? /^v([1-4])$/.exec(want.variant ?? '') : null;
  if (level !== null) {
    const highest = Number(level[1]);
    return [...Array.from({ length: highest }, (_, i) => `v${highest - i}`), ''];
  }
  return want.variant ? [want.variant, ''] : ['', 'v1'];
}

function normalise(os: string, architecture: string, variant: string | undefined): Platform {
  const alias = ARCHITECTURE_ALIASES[architecture.toLowerCase()];
  const name = alias?.architecture ?? architecture.toLowerCase();
  const chosen = (variant || alias?.variant)?.toLowerCase();
  const spelled = chosen !== undefined && /^[0-9]/.test(chosen) ? `v${chosen}` : chosen;
  return {
    os: os.toLowerCase() || 'linux',
    architecture: name,
    ...(spelled === undefined ? {} : { variant: spelled }),
  };
}

function armVariant(): string {
  const version = process.config.variables as { arm_version?: string | number };
  return `v${version.arm_version ?? 7}`;
}
