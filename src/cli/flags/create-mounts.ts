import type { FlagRecord } from '../flag.ts';

/** What a container mounts. */
export const mountFlags = {
  imageVolume: {
    long: 'image-volume',
    type: 'string',
    placeholder: 'type',
    help: "What the image's volumes become: anonymous volumes (bind), tmpfs, or nothing (ignore)",
    complete: ['bind', 'tmpfs', 'ignore'],
  },
  mount: {
    long: 'mount',
    type: 'stringArray',
    placeholder: 'type=TYPE,option,...',
    help: 'Mount a bind, volume, image, glob, tmpfs, ramfs or devpts',
    complete: [
      'type=bind,source=',
      'type=volume,source=',
      'type=image,source=',
      'type=glob,source=',
      'type=tmpfs,destination=',
      'type=ramfs,destination=',
      'type=devpts,destination=',
    ],
  },
  storageOpt: {
    long: 'storage-opt',
    type: 'stringArray',
    placeholder: 'size=SIZE|inodes=NUMBER',
    help: 'Limit what the container may write into its own file system; needs xfs or ext4 with project quotas, and root',
  },
  tmpfs: {
    long: 'tmpfs',
    type: 'stringArray',
    placeholder: 'path[:options]',
    help: 'Mount an empty file system in memory',
  },
  volume: {
    long: 'volume',
    short: 'v',
    type: 'stringArray',
    placeholder: '[source:]path[:options]',
    help: 'Mount a directory of the host or a volume',
    complete: 'volumes',
  },
  volumeDriver: {
    long: 'volume-driver',
    type: 'string',
    placeholder: 'driver',
    help: 'Driver of volumes that are made for the container: local',
    complete: ['local'],
  },
  volumesFrom: {
    long: 'volumes-from',
    type: 'stringArray',
    placeholder: 'container[:options]',
    help: 'Mount all volumes of another container at the same places',
    complete: 'containers',
  },
} as const satisfies Record<string, FlagRecord>;
