import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { platformFlags, pushFlags, registryFlags } from '../../flags/image.ts';
import { formatFlag, listingFlags, longFilterFlag, sortFlag } from '../../flags/listing.ts';

const MANY = Number.POSITIVE_INFINITY;

export const IMAGE_SORT_KEYS = ['created', 'id', 'repository', 'size', 'tag'] as const;

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

/** For tests and for policies that are not in force. */
const trustPlaces = {
  policypath: { long: 'policypath', type: 'string', help: 'Another policy.json', hidden: true },
  registrypath: { long: 'registrypath', type: 'string', help: 'Another registries.d', hidden: true },
} as const satisfies Record<string, FlagRecord>;

export const imageRecords: readonly CommandRecord[] = [
  {
    paths: ['images', 'image list', 'image ls'],
    summary: 'List images in local storage',
    description:
      'Lists the images that were pulled, loaded, imported or built here. Intermediate images stay hidden unless --all is given.',
    examples: [
      'images',
      'images --filter dangling=true',
      'images --format "table {{.ID}} {{.Repository}} {{.Tag}}"',
      'images --format json docker.io/library/busybox',
    ],
    arguments: { usage: '[IMAGE]', min: 0, max: 1, complete: 'images' },
    flags: {
      all: { long: 'all', short: 'a', type: 'bool', help: 'Show intermediate images too' },
      digests: { long: 'digests', type: 'bool', help: 'Show digests' },
      filter: listingFlags.filter,
      format: listingFlags.format,
      history: { long: 'history', type: 'bool', help: 'Show the names that images had before' },
      noTrunc: listingFlags.noTrunc,
      noheading: { ...listingFlags.noheading, short: 'n' },
      quiet: listingFlags.quiet,
      sort: sortFlag(IMAGE_SORT_KEYS, 'created'),
    },
    load: () => import('../image/list.ts'),
  },
  {
    paths: ['image inspect'],
    summary: 'Show everything that is known about images',
    description: 'Prints one JSON document per image, in an array, or what the template makes of each.',
    examples: ['image inspect busybox', 'image inspect --format "{{.Architecture}}" busybox'],
    arguments: { usage: 'IMAGE [IMAGE...]', min: 1, max: MANY, complete: 'images' },
    flags: { format: formatFlag },
    load: () => import('../image/inspect.ts'),
  },
  {
    paths: ['image tree'],
    summary: 'Draw the layers of an image',
    examples: ['image tree busybox', 'image tree --whatrequires alpine'],
    arguments: { usage: 'IMAGE', min: 1, max: 1, complete: 'images' },
    flags: {
      whatrequires: {
        long: 'whatrequires',
        type: 'bool',
        help: 'Draw what other images have put on top of it',
      },
    },
    load: () => import('../image/tree.ts'),
  },
  {
    paths: ['image mount'],
    summary: "Mount images' root file systems, read-only, and print where",
    description:
      'The mount stays until unmount has been called as often as mount, or the image is removed. Without an image what is mounted so is listed. Users run it inside of tspod unshare.',
    examples: ['image mount busybox', 'image mount', 'image mount --format json', 'image mount --all'],
    arguments: { usage: '[IMAGE...]', min: 0, max: MANY, complete: 'images' },
    flags: {
      all: { long: 'all', short: 'a', type: 'bool', help: 'Mount all images' },
      format: { long: 'format', type: 'string', complete: ['json'], help: 'How to list: json' },
    },
    load: () => import('../image/mount.ts'),
  },
  {
    paths: ['image trust show'],
    summary: 'Show which images policy.json lets in',
    examples: ['image trust show', 'image trust show --json', 'image trust show --raw'],
    arguments: { usage: '[REGISTRY]', min: 0, max: 1, complete: 'none' },
    flags: {
      json: { long: 'json', short: 'j', type: 'bool', help: 'Print JSON' },
      noheading: { ...listingFlags.noheading, short: 'n' },
      raw: { long: 'raw', type: 'bool', help: 'Print the file as it is' },
      ...trustPlaces,
    },
    withoutEngine: true,
    load: () => import('../image/trust.ts'),
  },
  {
    paths: ['image trust set'],
    summary: 'Let images of a registry in, or not, or only with a signature',
    description:
      'Changes policy.json, which every pull and load obeys. REGISTRY may go down to a repository; default is for all that no other rule is about. signedBy wants a signature by gpg, sigstoreSigned one by a public key.',
    examples: [
      'image trust set --type reject default',
      'image trust set --type accept docker.io/library',
      'image trust set --type signedBy --pubkeysfile /etc/pki/key.gpg registry.example.com',
    ],
    arguments: { usage: 'REGISTRY', min: 1, max: 1, complete: 'none' },
    flags: {
      pubkeysfile: {
        long: 'pubkeysfile',
        short: 'f',
        type: 'stringSlice',
        placeholder: 'file',
        help: 'Public key of signers; may be repeated',
        complete: 'files',
      },
      type: {
        long: 'type',
        short: 't',
        type: 'string',
        placeholder: 'type',
        default: 'signedBy',
        help: 'What is let in: accept, reject, signedBy or sigstoreSigned',
        complete: ['accept', 'reject', 'signedBy', 'sigstoreSigned'],
      },
      ...trustPlaces,
    },
    withoutEngine: true,
    load: () => import('../image/trust.ts'),
  },
  {
    paths: ['image unmount', 'image umount'],
    summary: 'Undo image mount',
    examples: ['image unmount busybox', 'image unmount --all --force'],
    arguments: { usage: '[IMAGE...]', min: 0, max: MANY, complete: 'images' },
    flags: {
      all: { long: 'all', short: 'a', type: 'bool', help: 'Unmount all that are mounted' },
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'However often they were mounted',
      },
    },
    load: () => import('../image/unmount.ts'),
  },
  {
    paths: ['rmi', 'image rm', 'image remove'],
    summary: 'Remove images from local storage',
    description:
      'Takes the given name away from an image; the image itself goes with its last name, or at once when named by its id.',
    examples: ['rmi busybox', 'rmi --force c7e9f2a5b1d0', 'rmi --all'],
    arguments: { usage: 'IMAGE [IMAGE...]', min: 0, max: MANY, complete: 'images' },
    flags: {
      all: { long: 'all', short: 'a', type: 'bool', help: 'Remove all images' },
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'Remove the image even if it has several names or containers use it',
      },
      ignore: { long: 'ignore', short: 'i', type: 'bool', help: 'Images that are not there are no error' },
      noPrune: { long: 'no-prune', type: 'bool', help: 'Keep unnamed parents of the image' },
    },
    exits: { NotFoundError: 1, InUseError: 2 },
    load: () => import('../image/remove.ts'),
  },
  {
    paths: ['image prune'],
    summary: 'Remove images that nothing needs',
    description:
      'Removes images without a name. Those that containers were made from, or that other images were built on, stay.',
    examples: [
      'image prune',
      'image prune --all --force',
      'image prune --filter until=24h --filter label!=keep',
    ],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      all: {
        long: 'all',
        short: 'a',
        type: 'bool',
        help: 'Remove images with a name too, if no container was made from them',
      },
      buildCache: {
        long: 'build-cache',
        type: 'bool',
        help: 'Also the directories of RUN --mount=type=cache',
      },
      external: {
        long: 'external',
        type: 'bool',
        help: 'Also what containers of builds that were killed still hold',
      },
      filter: longFilterFlag,
      force: { long: 'force', short: 'f', type: 'bool', help: 'Do not ask' },
    },
    load: () => import('../image/prune.ts'),
  },
  {
    paths: ['tag', 'image tag'],
    summary: 'Give a local image additional names',
    examples: ['tag busybox registry.example.com/tools/busybox:1.0', 'tag c7e9f2a5b1d0 mine theirs'],
    arguments: {
      usage: 'IMAGE TARGET_NAME [TARGET_NAME...]',
      min: 2,
      max: MANY,
      complete: ['images', 'none'],
    },
    flags: {},
    load: () => import('../image/tag.ts'),
  },
  {
    paths: ['untag', 'image untag'],
    summary: 'Take names away from a local image',
    description:
      'Without a NAME the image loses all its names. It stays in storage and can be reached by its id.',
    examples: ['untag c7e9f2a5b1d0', 'untag busybox localhost/mine:latest'],
    arguments: { usage: 'IMAGE [NAME...]', min: 1, max: MANY, complete: 'images' },
    flags: {},
    load: () => import('../image/untag.ts'),
  },
  {
    paths: ['image exists'],
    summary: 'Tell by the exit code whether an image is in local storage',
    description: 'Exits 0 when it is there, 1 when it is not, 125 when that could not be found out.',
    examples: ['image exists busybox && echo yes'],
    arguments: { usage: 'IMAGE', min: 1, max: 1, complete: 'images' },
    flags: {},
    load: () => import('../image/exists.ts'),
  },
  {
    paths: ['history', 'image history'],
    summary: 'Show the steps an image was built in',
    examples: ['history busybox', 'history --format "{{.ID}} {{.CreatedBy}}" busybox'],
    arguments: { usage: 'IMAGE', min: 1, max: 1, complete: 'images' },
    flags: {
      format: listingFlags.format,
      human: {
        long: 'human',
        short: 'H',
        type: 'bool',
        default: true,
        help: 'Sizes and dates in words, not in figures',
      },
      noTrunc: listingFlags.noTrunc,
      quiet: listingFlags.quiet,
    },
    load: () => import('../image/history.ts'),
  },
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
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress' },
      variant: platformFlags.variant,
      signaturePolicy: registryFlags.signaturePolicy,
    },
    load: () => import('../image/import.ts'),
  },
];
