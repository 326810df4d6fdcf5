import type { CommandRecord } from '../../command.ts';
import { onlyPlatformFlag } from '../../flags/image.ts';
import { formatFlag, listingFlags, longFilterFlag, sortFlag } from '../../flags/listing.ts';

const MANY = Number.POSITIVE_INFINITY;

export const IMAGE_SORT_KEYS = ['created', 'id', 'repository', 'size', 'tag'] as const;

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
      'images --tree',
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
      tree: {
        long: 'tree',
        type: 'bool',
        help: 'Draw the platforms of each image below its names, as docker does',
      },
    },
    load: () => import('../image/list.ts'),
  },
  {
    paths: ['image inspect'],
    summary: 'Show everything that is known about images',
    description: 'Prints one JSON document per image, in an array, or what the template makes of each.',
    examples: ['image inspect busybox', 'image inspect --format "{{.Architecture}}" busybox'],
    arguments: { usage: 'IMAGE [IMAGE...]', min: 1, max: MANY, complete: 'images' },
    flags: { format: formatFlag, platform: onlyPlatformFlag },
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
      platform: { ...onlyPlatformFlag, type: 'stringSlice', help: 'Only images for this platform' },
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
      platform: onlyPlatformFlag,
      quiet: listingFlags.quiet,
    },
    load: () => import('../image/history.ts'),
  },
];
