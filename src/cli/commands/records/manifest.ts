import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { platformFlags, pushFlags, registryFlags } from '../../flags/image.ts';

const MANY = Number.POSITIVE_INFINITY;

const { authfile, certDir, creds, tlsVerify } = registryFlags;
const { arch, os, variant } = platformFlags;

const annotation = {
  long: 'annotation',
  type: 'stringArray',
  placeholder: 'key=value',
  help: 'Annotation to set',
} as const satisfies FlagRecord;

const entryFlags = {
  annotation,
  arch,
  features: {
    long: 'features',
    type: 'stringSlice',
    placeholder: 'feature',
    help: 'Processor features that the image needs',
  },
  os,
  osFeatures: {
    long: 'os-features',
    type: 'stringSlice',
    placeholder: 'feature',
    help: 'Features of the operating system that the image needs',
  },
  osVersion: {
    long: 'os-version',
    type: 'string',
    placeholder: 'version',
    help: 'Version of the operating system',
  },
  variant,
} as const satisfies Record<string, FlagRecord>;

const { osFeatures: _, ...addFlags } = entryFlags;

/** Old spelling of --tls-verify=false. */
const insecure = {
  long: 'insecure',
  type: 'bool',
  help: 'The same as --tls-verify=false',
  hidden: true,
} as const satisfies FlagRecord;

const purgeFlag = {
  long: 'purge',
  short: 'p',
  type: 'bool',
  help: 'The same as --rm',
  hidden: true,
} as const satisfies FlagRecord;

/** docker's own word for it. */
const dockerInsecure = {
  insecure: {
    ...insecure,
    help: 'The registry may have no HTTPS, or a certificate that cannot be checked',
    hidden: false,
  },
};

const artifactFlags = Object.fromEntries(
  (
    [
      ['artifact', 'bool'],
      ['artifact-config', 'string'],
      ['artifact-config-type', 'string'],
      ['artifact-exclude-titles', 'bool'],
      ['artifact-layer-type', 'string'],
      ['artifact-subject', 'string'],
      ['artifact-type', 'string'],
    ] as const
  ).map(([long, type]): [string, FlagRecord] => [
    long.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    { long, type, help: 'Not supported', hidden: true, refused: 'lists hold images, not artifacts' },
  ]),
);

export const manifestRecords: readonly CommandRecord[] = [
  {
    paths: ['manifest create'],
    summary: 'Make a list of images for several platforms',
    description:
      'The list lives in local storage until it is pushed. Images are local ones, or what a registry has under that name (docker://).',
    examples: [
      'manifest create registry.example.com/app:1',
      'manifest create app:1 app:1-amd64 docker://registry.example.com/app:1-arm64',
    ],
    arguments: { usage: 'LIST [IMAGE...]', min: 1, max: MANY, complete: 'images' },
    flags: {
      all: { long: 'all', type: 'bool', help: 'Add all images of indexes, not only that for this platform' },
      amend: { long: 'amend', short: 'a', type: 'bool', help: 'Add to a list that exists' },
      annotation,
      insecure,
      tlsVerify,
    },
    dockerFlags: dockerInsecure,
    load: () => import('../manifest/create.ts'),
  },
  {
    paths: ['manifest add'],
    summary: 'Add images to a manifest list',
    examples: [
      'manifest add app:1 app:1-amd64',
      'manifest add --arch arm64 --variant v8 app:1 docker://registry.example.com/app:1-arm',
    ],
    arguments: { usage: 'LIST IMAGE [IMAGE...]', min: 2, max: MANY, complete: 'images' },
    flags: {
      all: { long: 'all', type: 'bool', help: 'Add all images of an index, not only that for this platform' },
      ...addFlags,
      ...artifactFlags,
      authfile,
      certDir,
      creds,
      insecure,
      tlsVerify,
    },
    load: () => import('../manifest/add.ts'),
  },
  {
    paths: ['manifest annotate'],
    summary: 'Change what a manifest list says about one of its images',
    examples: [
      'manifest annotate --arch arm64 app:1 app:1-arm',
      'manifest annotate --index --annotation a=b app:1',
    ],
    arguments: { usage: 'LIST IMAGE', min: 1, max: 2, complete: 'images' },
    flags: {
      ...entryFlags,
      index: { long: 'index', type: 'bool', help: 'The annotations are for the list itself' },
      subject: {
        long: 'subject',
        type: 'string',
        placeholder: 'image',
        help: 'The image that the list is about (with --index)',
        complete: 'images',
      },
    },
    load: () => import('../manifest/annotate.ts'),
  },
  {
    paths: ['manifest inspect'],
    summary: 'Show a manifest list, or the manifest of an image in a registry',
    examples: ['manifest inspect app:1', 'manifest inspect docker.io/library/alpine:latest'],
    arguments: { usage: 'LIST', min: 1, max: 1, complete: 'images' },
    flags: {
      authfile,
      insecure,
      tlsVerify,
      verbose: {
        long: 'verbose',
        short: 'v',
        type: 'bool',
        help: "docker's document: name, descriptor and manifest of each image",
      },
    },
    dockerFlags: dockerInsecure,
    load: () => import('../manifest/inspect.ts'),
  },
  {
    paths: ['manifest push'],
    summary: 'Push a manifest list and its images to a registry',
    examples: [
      'manifest push app:1 registry.example.com/app:1',
      'manifest push --rm registry.example.com/app:1',
    ],
    arguments: { usage: 'LIST [DESTINATION]', min: 1, max: 2, complete: ['images', 'none'] },
    flags: {
      addCompression: {
        long: 'add-compression',
        type: 'stringSlice',
        placeholder: 'gzip|zstd',
        help: 'Push the images in this compression, too, as further entries of the list',
        complete: ['gzip', 'zstd'],
      },
      all: { long: 'all', type: 'bool', default: true, help: 'Push the images of the list, too' },
      ...pushFlags,
      authfile,
      certDir,
      creds,
      insecure,
      purge: purgeFlag,
      rm: { long: 'rm', type: 'bool', help: 'Remove the list here after it was pushed' },
      tlsVerify,
    },
    dockerFlags: {
      ...dockerInsecure,
      purge: { ...purgeFlag, help: 'Remove the list here after it was pushed', hidden: false },
    },
    load: () => import('../manifest/push.ts'),
  },
  {
    paths: ['manifest remove'],
    summary: 'Take an image out of a manifest list',
    examples: [
      'manifest remove app:1 sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    ],
    arguments: { usage: 'LIST DIGEST', min: 2, max: 2, complete: ['images', 'none'] },
    flags: {},
    load: () => import('../manifest/remove.ts'),
  },
  {
    paths: ['manifest rm'],
    summary: 'Remove manifest lists from local storage',
    examples: ['manifest rm app:1'],
    arguments: { usage: 'LIST [LIST...]', min: 1, max: MANY, complete: 'images' },
    flags: {
      ignore: { long: 'ignore', short: 'i', type: 'bool', help: 'Lists that are not there are no error' },
    },
    exits: { NotFoundError: 1 },
    load: () => import('../manifest/rm.ts'),
  },
  {
    paths: ['manifest exists'],
    summary: 'Tell by the exit code whether a manifest list is in local storage',
    examples: ['manifest exists app:1 && echo yes'],
    arguments: { usage: 'LIST', min: 1, max: 1, complete: 'images' },
    flags: {},
    load: () => import('../manifest/exists.ts'),
  },
];
