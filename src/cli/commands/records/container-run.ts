import type { ArgumentSpec, CommandRecord } from '../../command.ts';
import { type FlagRecord, joinFlags } from '../../flag.ts';
import { attachFlags, preserveFlags } from '../../flags/container.ts';
import { createFlags } from '../../flags/create.ts';
import { dockerPublishFlag } from '../../flags/network.ts';

const IMAGE_AND_COMMAND: ArgumentSpec = {
  usage: 'IMAGE [COMMAND [ARG...]]',
  min: 1,
  max: Number.POSITIVE_INFINITY,
  complete: ['images', 'none'],
};

/** What `run` has beyond `create`: how the command line stays connected to the container. */
const runFlags = {
  detach: {
    long: 'detach',
    short: 'd',
    type: 'bool',
    help: 'Leave the container running and print its id',
  },
  detachKeys: attachFlags.detachKeys,
  sigProxy: { ...attachFlags.sigProxy, default: true },
  ...preserveFlags,
  rmi: { long: 'rmi', type: 'bool', help: 'Remove the image too when the container is removed' },
} as const satisfies Record<string, FlagRecord>;

/** What runs before the others of a pod is only created. */
function flagsOfRun(): Readonly<Record<string, FlagRecord>> {
  const flags: Record<string, FlagRecord> = joinFlags(createFlags, runFlags);
  Reflect.deleteProperty(flags, 'initCtr');
  return flags;
}

/** The two commands that make containers. */
export const containerRunRecords: readonly CommandRecord[] = [
  {
    paths: ['run', 'container run'],
    summary: 'Create a container and run a command in it',
    description:
      "The image is pulled when it is not there. The exit code is the command's; 125 when tspod failed, 126 when the command could not be run, 127 when it was not found.",
    examples: [
      'run --rm -it busybox sh',
      'run -d --name web -p 8080:80 docker.io/library/nginx',
      'run --rm --volume "$PWD:/src" --workdir /src busybox ls',
    ],
    arguments: IMAGE_AND_COMMAND,
    // Only made when it is asked for: so many flags take longer than those of all other commands.
    get flags() {
      return flagsOfRun();
    },
    dockerFlags: { publish: dockerPublishFlag },
    stopAtFirstArgument: true,
    exits: { NotInRootfsError: 126 },
    load: () => import('../container/run.ts'),
  },
  {
    paths: ['create', 'container create'],
    summary: 'Create a container without starting it',
    description: 'Prints the id of the container; `start` runs it.',
    examples: ['create --name web docker.io/library/nginx', 'create -it busybox sh'],
    arguments: IMAGE_AND_COMMAND,
    get flags() {
      return createFlags;
    },
    dockerFlags: { publish: dockerPublishFlag },
    stopAtFirstArgument: true,
    load: () => import('../container/create.ts'),
  },
];
