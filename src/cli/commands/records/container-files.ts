import type { CommandRecord } from '../../command.ts';
import { allFlag, selectionFlags } from '../../flags/container.ts';
import { listingFlags } from '../../flags/listing.ts';

/** Commands that look into the files of containers, or take and bring some. */
export const containerFilesRecords: readonly CommandRecord[] = [
  {
    paths: ['mount', 'container mount'],
    summary: "Mount containers' root file systems and print where",
    description:
      'The mount stays, also when the container ends, until unmount. Without a container what is mounted so is listed. Users run it inside of tspod unshare.',
    examples: ['mount web', 'mount', 'mount --format json', 'mount --all'],
    arguments: { usage: '[CONTAINER...]', min: 0, max: Number.POSITIVE_INFINITY, complete: 'containers' },
    flags: {
      all: allFlag('Mount all containers'),
      format: { long: 'format', type: 'string', complete: ['json'], help: 'How to list: json' },
      latest: selectionFlags.latest,
      noTrunc: { ...listingFlags.noTrunc, aliases: ['notruncate'] },
    },
    load: () => import('../container/mount.ts'),
  },
  {
    paths: ['unmount', 'umount', 'container unmount', 'container umount'],
    summary: 'Undo mount',
    examples: ['unmount web', 'unmount --all'],
    arguments: { usage: '[CONTAINER...]', min: 0, max: Number.POSITIVE_INFINITY, complete: 'containers' },
    flags: {
      all: allFlag('Unmount all that are mounted'),
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'No difference: what a container itself needs goes with its end',
      },
      latest: selectionFlags.latest,
    },
    load: () => import('../container/unmount.ts'),
  },
  {
    paths: ['cp', 'container cp'],
    summary: 'Copy files between containers and the host',
    description:
      'CONTAINER:PATH is a path in a container, running or not; `-` is a tar on stdin or stdout; anything else is a path on the host. A directory is copied into a target that exists and becomes the target otherwise; PATH/. stands for the contents of a directory.',
    examples: ['cp web:/etc/nginx ./nginx', 'cp app.conf web:/etc/app.conf', 'cp web:/var/log - | tar t'],
    arguments: {
      usage: '[CONTAINER:]SRC_PATH|- [CONTAINER:]DEST_PATH|-',
      min: 2,
      max: 2,
      complete: 'container-paths',
    },
    flags: {
      archive: {
        long: 'archive',
        short: 'a',
        type: 'bool',
        default: true,
        help: "What is copied into a container belongs to the container's user",
      },
      followLink: {
        long: 'follow-link',
        short: 'L',
        type: 'bool',
        default: true,
        help: 'Follow a symbolic link that the source path ends with',
      },
      overwrite: {
        long: 'overwrite',
        type: 'bool',
        help: 'Let directories take the place of files, and files that of directories',
      },
      quiet: {
        long: 'quiet',
        short: 'q',
        type: 'bool',
        help: 'Show no progress: there is none in any case',
        noop: true,
      },
      extract: {
        long: 'extract',
        type: 'bool',
        help: 'Accepted for podman',
        hidden: true,
        noop: true,
      },
      pause: {
        long: 'pause',
        type: 'bool',
        help: 'Accepted for podman',
        hidden: true,
        noop: true,
      },
    },
    dockerFlags: {
      archive: {
        long: 'archive',
        short: 'a',
        type: 'bool',
        help: "What is copied into a container belongs to the container's user",
      },
      followLink: {
        long: 'follow-link',
        short: 'L',
        type: 'bool',
        help: 'Follow a symbolic link that the source path ends with',
      },
      quiet: {
        long: 'quiet',
        short: 'q',
        type: 'bool',
        help: 'No effect: progress is not shown',
        noop: true,
      },
    },
    load: () => import('../container/copy.ts'),
  },
  {
    paths: ['diff', 'container diff', 'image diff'],
    summary: 'List the files that a container, or the last layer of an image, has changed',
    description:
      'A stands for added, C for changed, D for deleted. With a second container or image the first is compared with that one.',
    examples: ['diff web', 'diff --format json web', 'image diff alpine', 'image diff app:2 app:1'],
    arguments: { usage: 'CONTAINER|IMAGE [CONTAINER|IMAGE]', min: 0, max: 2, complete: 'containers' },
    flags: {
      format: {
        long: 'format',
        type: 'string',
        placeholder: 'format',
        help: 'Print as json',
        complete: ['json'],
      },
      latest: selectionFlags.latest,
    },
    load: () => import('../container/diff.ts'),
  },
  {
    paths: ['export', 'container export'],
    summary: 'Write the file system of a container as a tar, or the container as an OCI bundle',
    description:
      'The tar is without what is mounted into it, such as volumes; `import` makes an image of it. The bundle (rootfs and config.json) is started by any OCI runtime without tspod: runc run --bundle DIR NAME. Directories of the host and named volumes stay where they are; its network is empty. Users start it inside of tspod unshare.',
    examples: ['export --output web.tar web', 'export web | gzip > web.tar.gz', 'export --bundle ./web web'],
    arguments: { usage: 'CONTAINER', min: 0, max: 1, complete: 'containers' },
    flags: {
      bundle: {
        long: 'bundle',
        type: 'string',
        placeholder: 'directory',
        help: 'Make this directory an OCI bundle instead',
        complete: 'directories',
      },
      latest: selectionFlags.latest,
      output: {
        long: 'output',
        short: 'o',
        type: 'string',
        placeholder: 'file',
        help: 'Write to this file, not to stdout',
        complete: 'files',
      },
    },
    load: () => import('../container/export.ts'),
  },
  {
    paths: ['init', 'container init'],
    summary: 'Prepare containers without starting their programs',
    description: 'File system, network and namespaces are set up; start then only starts the program.',
    examples: ['init web', 'init --all'],
    arguments: {
      usage: 'CONTAINER [CONTAINER...]',
      min: 0,
      max: Number.POSITIVE_INFINITY,
      complete: 'containers',
    },
    flags: { all: allFlag('Prepare all containers that are not running'), latest: selectionFlags.latest },
    load: () => import('../container/init.ts'),
  },
];
