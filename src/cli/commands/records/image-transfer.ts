import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { onlyPlatformFlag, platformFlags, pushFlags, registryFlags } from '../../flags/image.ts';

const MANY = Number.POSITIVE_INFINITY;

const changeFlag = {
  long: 'change',
  short: 'c',
  type: 'stringArray',
  placeholder: 'instruction',
  help: 'Containerfile instruction to apply to the image configuration',
  complete: [
    'CMD=',
    'ENTRYPOINT=',
    'ENV=',
    'EXPOSE=',
    'LABEL=',
    'STOPSIGNAL=',
    'USER=',
    'VOLUME=',
    'WORKDIR=',
  ],
} as const satisfies FlagRecord;

/** How images come and go. */
export const imageTransferRecords: readonly CommandRecord[] = [
  {
    paths: ['pull', 'image pull'],
    summary: 'Fetch images from a registry',
    description:
      'Names without a registry are completed by the aliases and search registries of registries.conf. With transports docker:, docker-archive:, oci:, oci-archive: and dir: the image comes from there.',
    examples: [
      'pull busybox',
      'pull --platform linux/arm64 docker.io/library/alpine:3',
      'pull --quiet quay.io/podman/hello',
    ],
    arguments: { usage: 'IMAGE [IMAGE...]', min: 1, max: MANY, complete: 'none' },
    flags: {
      allTags: { long: 'all-tags', short: 'a', type: 'bool', help: 'Pull every tag of the repository' },
      ...platformFlags,
      policy: {
        long: 'policy',
        type: 'string',
        placeholder: 'policy',
        default: 'always',
        help: 'When to ask the registry: always, missing, never or newer',
        complete: ['always', 'missing', 'never', 'newer'],
      },
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Print nothing but the id' },
      ...registryFlags,
    },
    load: () => import('../image/pull.ts'),
  },
  {
    paths: ['push', 'image push'],
    summary: 'Copy an image to a registry',
    description:
      'Sends what the registry lacks: blobs that it has, in this or another repository, are not sent again. Without a DESTINATION the image goes to where its name says. With transports docker-archive:, oci:, oci-archive: and dir: it goes there.',
    examples: [
      'push registry.example.com/me/app:1.0',
      'push app docker.io/me/app:latest',
      'push --format oci --compression-format zstd app registry.example.com/me/app',
      'push app oci-archive:app.tar',
    ],
    arguments: { usage: 'IMAGE [DESTINATION]', min: 1, max: 2, complete: ['images', 'none'] },
    flags: {
      allTags: {
        long: 'all-tags',
        short: 'a',
        type: 'bool',
        help: 'Push all local tags of the repository, as docker has it',
      },
      platform: onlyPlatformFlag,
      ...pushFlags,
      ...registryFlags,
    },
    load: () => import('../image/push.ts'),
  },
  {
    paths: ['load', 'image load'],
    summary: 'Load images from an archive',
    description:
      'Reads docker and OCI archives, compressed or not, from a file or from stdin, and OCI and dir layouts from a directory.',
    examples: ['load --input busybox.tar', 'load < busybox.tar.gz'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      input: {
        long: 'input',
        short: 'i',
        type: 'string',
        placeholder: 'file',
        help: 'Read from this file or directory, not from stdin',
        complete: 'files',
      },
      platform: onlyPlatformFlag,
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress' },
      signaturePolicy: registryFlags.signaturePolicy,
    },
    load: () => import('../image/load.ts'),
  },
  {
    paths: ['save', 'image save'],
    summary: 'Save images to an archive',
    examples: [
      'save --output busybox.tar busybox',
      'save --format oci-archive --output both.tar alpine',
      'save busybox | gzip > busybox.tar.gz',
    ],
    arguments: { usage: 'IMAGE [IMAGE...]', min: 0, max: MANY, complete: 'images' },
    flags: {
      compress: { long: 'compress', type: 'bool', help: 'Compress layers (format docker-dir only)' },
      format: {
        long: 'format',
        type: 'string',
        placeholder: 'format',
        default: 'docker-archive',
        help: 'Kind of archive',
        values: ['docker-archive', 'oci-archive', 'oci-dir', 'docker-dir'],
        complete: ['docker-archive', 'oci-archive', 'oci-dir', 'docker-dir'],
      },
      multiImageArchive: {
        long: 'multi-image-archive',
        short: 'm',
        type: 'bool',
        help: 'The words after the first are images too, not further names for it',
      },
      output: {
        long: 'output',
        short: 'o',
        type: 'string',
        placeholder: 'file',
        help: 'Write to this file or directory, not to stdout',
        complete: 'files',
      },
      platform: onlyPlatformFlag,
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress' },
      uncompressed: { long: 'uncompressed', type: 'bool', help: 'Leave layers uncompressed (OCI formats)' },
      signaturePolicy: registryFlags.signaturePolicy,
    },
    load: () => import('../image/save.ts'),
  },
  {
    paths: ['commit', 'container commit'],
    summary: 'Make an image of what a container has changed',
    description:
      'The image gets the files of the container and its configuration; what is in volumes is not part of it. A running container may change files meanwhile, unless --pause is given.',
    examples: [
      'commit web me/web:2',
      'commit --change CMD=/bin/server --message "first" --pause web me/web',
      'commit --quiet --squash web',
    ],
    arguments: { usage: 'CONTAINER [IMAGE]', min: 1, max: 2, complete: ['containers', 'none'] },
    flags: {
      author: {
        long: 'author',
        short: 'a',
        type: 'string',
        placeholder: 'name',
        help: 'Author of the image',
      },
      change: changeFlag,
      config: {
        long: 'config',
        type: 'string',
        placeholder: 'file',
        help: 'JSON file with members for the configuration of the image',
        complete: 'files',
      },
      format: {
        long: 'format',
        short: 'f',
        type: 'string',
        placeholder: 'oci|docker',
        help: 'Format of the manifest (default oci)',
        values: ['oci', 'docker'],
        complete: ['oci', 'docker'],
      },
      iidfile: {
        long: 'iidfile',
        type: 'string',
        placeholder: 'file',
        help: 'Write the id of the image to this file',
        complete: 'files',
      },
      includeVolumes: {
        long: 'include-volumes',
        type: 'bool',
        help: 'Make volumes of the container volumes of the image',
      },
      message: {
        long: 'message',
        short: 'm',
        type: 'string',
        placeholder: 'text',
        help: 'Comment for the history',
      },
      pause: { long: 'pause', short: 'p', type: 'bool', help: 'Pause the container meanwhile' },
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Print nothing but the id' },
      squash: { long: 'squash', short: 's', type: 'bool', help: 'Make an image of one layer' },
    },
    load: () => import('../container/commit.ts'),
  },
  {
    paths: ['import', 'image import'],
    summary: 'Make an image of a tar archive of files',
    description:
      'The archive becomes the only layer of a new image. It is read from a file, an http(s) URL, or stdin (-).',
    examples: [
      'import rootfs.tar.gz mine:latest',
      'import --change CMD=/bin/sh --message "first" - mine < rootfs.tar',
    ],
    arguments: { usage: 'PATH [NAME]', min: 1, max: 2, complete: ['files', 'none'] },
    flags: {
      arch: platformFlags.arch,
      change: changeFlag,
      message: {
        long: 'message',
        short: 'm',
        type: 'string',
        placeholder: 'text',
        help: 'Comment for the history',
      },
      os: platformFlags.os,
      platform: { ...platformFlags.platform, help: 'Platform that the image is for' },
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress' },
      variant: platformFlags.variant,
      signaturePolicy: registryFlags.signaturePolicy,
    },
    load: () => import('../image/import.ts'),
  },
];
