import type { CommandRecord } from '../../command.ts';
import { registryFlags } from '../../flags/image.ts';
import { listingFlags } from '../../flags/listing.ts';

const authFileFlags = {
  authfile: registryFlags.authfile,
  compatAuthFile: {
    long: 'compat-auth-file',
    type: 'string',
    placeholder: 'path',
    help: "File in the format of docker's config.json",
    complete: 'files',
  },
} as const;

export const registryRecords: readonly CommandRecord[] = [
  {
    paths: ['login'],
    summary: 'Log in to a registry',
    description:
      'Checks the user name and the password with the registry and stores them in auth.json (see --verbose), or with the credential helper that the file names. Without a REGISTRY the first search registry of registries.conf is meant. The password is asked for when it is not given.',
    examples: [
      'login docker.io',
      'login --username ann --password-stdin quay.io < password',
      'login --get-login quay.io',
    ],
    arguments: { usage: '[REGISTRY]', min: 0, max: 1, complete: 'none' },
    flags: {
      ...authFileFlags,
      certDir: registryFlags.certDir,
      getLogin: {
        long: 'get-login',
        type: 'bool',
        help: 'Print the user name that is logged in, nothing else',
      },
      password: {
        long: 'password',
        short: 'p',
        type: 'string',
        placeholder: 'password',
        help: 'Password; other users see it in the list of processes: prefer --password-stdin',
      },
      passwordStdin: { long: 'password-stdin', type: 'bool', help: 'Read the password from stdin' },
      secret: {
        long: 'secret',
        type: 'string',
        placeholder: 'name',
        help: 'Take the password from this secret; without --username its name is the user name',
        complete: 'secrets',
      },
      tlsVerify: registryFlags.tlsVerify,
      username: { long: 'username', short: 'u', type: 'string', placeholder: 'name', help: 'User name' },
      verbose: { long: 'verbose', short: 'v', type: 'bool', help: 'Tell in which file the login is' },
    },
    load: () => import('../system/login.ts'),
  },
  {
    paths: ['logout'],
    summary: 'Forget the login of a registry',
    examples: ['logout docker.io', 'logout --all'],
    arguments: { usage: '[REGISTRY]', min: 0, max: 1, complete: 'none' },
    flags: {
      all: { long: 'all', short: 'a', type: 'bool', help: 'Forget all logins' },
      ...authFileFlags,
    },
    load: () => import('../system/logout.ts'),
  },
  {
    paths: ['search', 'image search'],
    summary: 'Search registries for images',
    description:
      'A TERM that begins with a registry is looked for there, any other in the search registries of registries.conf. Registries without a search of their own are asked for the list of their repositories.',
    examples: [
      'search alpine',
      'search --limit 5 --filter is-official docker.io/nginx',
      'search --list-tags registry.example.com/me/app',
    ],
    arguments: { usage: 'TERM', min: 1, max: 1, complete: 'none' },
    flags: {
      authfile: registryFlags.authfile,
      certDir: registryFlags.certDir,
      compatible: { long: 'compatible', type: 'bool', help: 'Show stars, too, and who is official' },
      creds: registryFlags.creds,
      filter: {
        long: 'filter',
        short: 'f',
        type: 'stringArray',
        placeholder: 'filter',
        help: 'Only what matches: stars=NUMBER, is-official, is-automated',
        complete: ['stars=', 'is-official=true', 'is-automated=true'],
      },
      format: listingFlags.format,
      limit: {
        long: 'limit',
        type: 'int',
        placeholder: 'number',
        help: 'At most so many per registry (default 25; tags: all)',
      },
      listTags: { long: 'list-tags', type: 'bool', help: 'List the tags of the repository TERM' },
      noTrunc: { long: 'no-trunc', type: 'bool', help: 'Show descriptions in full' },
      tlsVerify: registryFlags.tlsVerify,
    },
    load: () => import('../image/search.ts'),
  },
];
