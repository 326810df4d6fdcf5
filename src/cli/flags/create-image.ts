import type { FlagRecord } from '../flag.ts';

/** Which image, and how it is fetched when it is not there. */
export const imageChoiceFlags = {
  arch: {
    long: 'arch',
    aliases: ['override-arch'],
    type: 'string',
    placeholder: 'name',
    help: "Use the image for this architecture instead of the host's",
  },
  authfile: {
    long: 'authfile',
    type: 'string',
    placeholder: 'file',
    help: 'File with registry credentials',
    complete: 'files',
  },
  certDir: {
    long: 'cert-dir',
    type: 'string',
    placeholder: 'directory',
    help: 'Directory with the certificates and keys for the registry',
    complete: 'directories',
  },
  creds: {
    long: 'creds',
    type: 'string',
    placeholder: 'user[:password]',
    help: 'Credentials for the registry',
  },
  os: {
    long: 'os',
    aliases: ['override-os'],
    type: 'string',
    placeholder: 'name',
    help: 'Use the image for this operating system',
  },
  platform: {
    long: 'platform',
    type: 'string',
    placeholder: 'os/arch[/variant]',
    help: 'Use the image for this platform',
    complete: ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/386', 'linux/ppc64le', 'linux/s390x'],
  },
  pull: {
    long: 'pull',
    type: 'string',
    placeholder: 'policy',
    help: 'When to pull the image: missing, always, never or newer',
    complete: ['missing', 'always', 'never', 'newer'],
  },
  quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress of the pull' },
  retry: {
    long: 'retry',
    type: 'uint',
    placeholder: 'count',
    help: 'How often to try again when the pull fails',
  },
  retryDelay: {
    long: 'retry-delay',
    type: 'duration',
    placeholder: 'time',
    help: 'Time to wait before trying again',
  },
  tlsVerify: {
    long: 'tls-verify',
    type: 'bool',
    help: 'Use HTTPS and check the certificate of the registry (default true)',
  },
  variant: {
    long: 'variant',
    aliases: ['override-variant'],
    type: 'string',
    placeholder: 'name',
    help: 'Use the image for this variant of the architecture',
  },
} as const satisfies Record<string, FlagRecord>;
