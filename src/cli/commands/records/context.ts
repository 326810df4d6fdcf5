import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { formatFlag, listingFlags } from '../../flags/listing.ts';

const NONE = { usage: '', min: 0, max: 0 };
const ONE = { usage: 'CONTEXT', min: 1, max: 1, complete: 'none' } as const;
const MANY = Number.POSITIVE_INFINITY;

const description = {
  long: 'description',
  type: 'string',
  placeholder: 'text',
  help: 'Words about the context',
} as const satisfies FlagRecord;
const docker = {
  long: 'docker',
  type: 'stringSlice',
  placeholder: 'key=value',
  help: 'The address: host=, with ca=, cert=, key= files and skip-tls-verify=, or from= another context',
} as const satisfies FlagRecord;

const list = () => import('../context/list.ts');
const change = () => import('../context/change.ts');
const archive = () => import('../context/archive.ts');

/** docker's contexts: addresses of daemons by name. tspod keeps them for docker's client; it works on this machine itself. */
export const contextRecords: readonly CommandRecord[] = [
  {
    paths: ['context ls', 'context list'],
    summary: "List docker's contexts",
    examples: ['context ls', 'context ls --format json'],
    arguments: NONE,
    flags: { format: listingFlags.format, quiet: { ...listingFlags.quiet, help: 'Print only names' } },
    withoutEngine: true,
    load: list,
  },
  {
    paths: ['context show'],
    summary: 'Print the name of the context in use',
    examples: ['context show'],
    arguments: NONE,
    flags: {},
    withoutEngine: true,
    load: list,
  },
  {
    paths: ['context inspect'],
    summary: 'Show the address of a context',
    examples: ['context inspect', 'context inspect --format "{{.Endpoints.docker.Host}}"'],
    arguments: { usage: '[CONTEXT...]', min: 0, max: MANY, complete: 'none' },
    flags: { format: formatFlag },
    withoutEngine: true,
    load: list,
  },
  {
    paths: ['context create'],
    summary: 'Note the address of a daemon under a name',
    description:
      "Kept in docker's own files, for docker's client. Called as docker, tspod refuses to work while a context is in use that leads to another machine or daemon.",
    examples: [
      'context create elsewhere --docker host=tcp://192.0.2.1:2376,ca=ca.pem,cert=cert.pem,key=key.pem',
      'context create mine --from default --description "tspod here"',
    ],
    arguments: ONE,
    flags: {
      description,
      docker,
      from: { long: 'from', type: 'string', placeholder: 'context', help: 'Take all else from this one' },
    },
    withoutEngine: true,
    load: change,
  },
  {
    paths: ['context update'],
    summary: 'Change a context',
    examples: ['context update elsewhere --description "build machine"'],
    arguments: ONE,
    flags: { description, docker },
    withoutEngine: true,
    load: change,
  },
  {
    paths: ['context use'],
    summary: "Choose the context for docker's client",
    examples: ['context use default'],
    arguments: ONE,
    flags: {},
    withoutEngine: true,
    load: change,
  },
  {
    paths: ['context rm', 'context remove'],
    summary: 'Remove contexts',
    examples: ['context rm elsewhere'],
    arguments: { usage: 'CONTEXT [CONTEXT...]', min: 1, max: MANY, complete: 'none' },
    flags: {
      force: {
        long: 'force',
        short: 'f',
        type: 'bool',
        help: 'Also the one in use, and those that are not there',
      },
    },
    withoutEngine: true,
    load: change,
  },
  {
    paths: ['context export'],
    summary: 'Write a context to a file',
    examples: ['context export elsewhere', 'context export elsewhere - > elsewhere.tar'],
    arguments: { usage: 'CONTEXT [FILE|-]', min: 1, max: 2, complete: ['none', 'files'] },
    flags: {},
    withoutEngine: true,
    load: archive,
  },
  {
    paths: ['context import'],
    summary: 'Read a context from a file',
    examples: ['context import elsewhere elsewhere.dockercontext'],
    arguments: { usage: 'CONTEXT FILE|-', min: 2, max: 2, complete: ['none', 'files'] },
    flags: {},
    withoutEngine: true,
    load: archive,
  },
];
