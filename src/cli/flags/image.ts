import type { FlagRecord } from '../flag.ts';

/** How registries are reached. */
export const registryFlags = {
  authfile: {
    long: 'authfile',
    type: 'string',
    placeholder: 'path',
    help: 'File with registry credentials',
    complete: 'files',
  },
  creds: {
    long: 'creds',
    type: 'string',
    placeholder: '[user[:password]]',
    help: 'Credentials for the registry',
  },
  certDir: {
    long: 'cert-dir',
    type: 'string',
    placeholder: 'path',
    help: 'Directory with the certificates and keys for the registry',
    complete: 'directories',
  },
  tlsVerify: {
    long: 'tls-verify',
    type: 'bool',
    help: 'Require HTTPS and check the certificate of the registry',
  },
  retry: {
    long: 'retry',
    type: 'uint',
    placeholder: 'attempts',
    help: 'How often to try again after a failure',
  },
  retryDelay: {
    long: 'retry-delay',
    type: 'duration',
    placeholder: 'duration',
    help: 'How long to wait before trying again',
  },
  signaturePolicy: {
    long: 'signature-policy',
    type: 'string',
    placeholder: 'path',
    help: "A policy.json in place of the system's",
    hidden: true,
    complete: 'files',
  },
  disableContentTrust: {
    long: 'disable-content-trust',
    type: 'bool',
    help: 'No effect, as with podman: images are never checked by notary',
    noop: true,
  },
} as const satisfies Record<string, FlagRecord>;

/** How an image is packed for a registry. */
export const pushFlags = {
  compress: {
    long: 'compress',
    type: 'bool',
    help: 'Compress layers that go to a directory (dir:) with gzip',
  },
  compressionFormat: {
    long: 'compression-format',
    type: 'string',
    placeholder: 'gzip|zstd',
    help: 'Compression of layers (default gzip)',
    values: ['gzip', 'zstd', 'zstd:chunked'],
    complete: ['gzip', 'zstd'],
  },
  compressionLevel: {
    long: 'compression-level',
    type: 'int',
    placeholder: 'level',
    help: 'From 1 (fast) to 9 (gzip) or 22 (zstd)',
  },
  digestfile: {
    long: 'digestfile',
    type: 'string',
    placeholder: 'file',
    help: 'Write the digest of the pushed manifest to this file',
    complete: 'files',
  },
  forceCompression: {
    long: 'force-compression',
    type: 'bool',
    help: 'Send layers again that the registry has in another compression (default with --compression-format)',
  },
  format: {
    long: 'format',
    short: 'f',
    type: 'string',
    placeholder: 'oci|v2s2',
    help: "Manifest format (default: the image's own)",
    complete: ['oci', 'v2s2'],
  },
  quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress' },
  removeSignatures: {
    long: 'remove-signatures',
    type: 'bool',
    help: 'Send no signatures: always so, as images are stored without',
    noop: true,
  },
} as const satisfies Record<string, FlagRecord>;

/** docker's: of what has that name, only what is for that platform. */
export const onlyPlatformFlag = {
  long: 'platform',
  type: 'string',
  placeholder: 'os/arch[/variant]',
  help: 'Only an image for this platform',
  complete: ['linux/amd64', 'linux/arm64'],
} as const satisfies FlagRecord;

/** Which image of a multi-platform one is meant. */
export const platformFlags = {
  platform: {
    long: 'platform',
    type: 'string',
    placeholder: 'os/arch[/variant]',
    help: 'Platform of the image',
    complete: ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/386', 'linux/ppc64le', 'linux/s390x'],
  },
  arch: {
    long: 'arch',
    type: 'string',
    placeholder: 'arch',
    help: "Architecture of the image, in place of this machine's",
    complete: ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64'],
  },
  os: {
    long: 'os',
    type: 'string',
    placeholder: 'os',
    help: "Operating system of the image, in place of this machine's",
    complete: ['linux'],
  },
  variant: {
    long: 'variant',
    type: 'string',
    placeholder: 'variant',
    help: 'Variant of the architecture',
  },
} as const satisfies Record<string, FlagRecord>;
