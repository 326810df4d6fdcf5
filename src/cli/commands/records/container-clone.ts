import type { CommandRecord } from '../../command.ts';
import { registryFlags } from '../../flags/image.ts';
import { limitFlags } from '../../flags/resources.ts';

/** Commands that make containers from others, or as an image says. */
export const containerCloneRecords: readonly CommandRecord[] = [
  {
    paths: ['container clone'],
    summary: 'Create a container like one that exists',
    description:
      'With the same options, but a file system of its own, as the image has it; with a third argument of another image. Named volumes are shared, anonymous ones are new.',
    examples: [
      'container clone web',
      'container clone --memory 1g --run web bigger',
      'container clone --destroy web web docker.io/library/nginx:1.29',
    ],
    arguments: {
      usage: 'CONTAINER [NAME [IMAGE]]',
      min: 1,
      max: 3,
      complete: ['containers', 'none', 'images'],
    },
    flags: {
      ...limitFlags,
      destroy: {
        long: 'destroy',
        type: 'bool',
        help: 'Remove the original; the clone takes over its volumes',
      },
      force: { long: 'force', short: 'f', type: 'bool', help: 'With --destroy: also when the original runs' },
      name: { long: 'name', type: 'string', placeholder: 'name', help: 'Name of the clone' },
      pod: {
        long: 'pod',
        type: 'string',
        placeholder: 'pod',
        help: 'Make the clone a part of this pod',
        complete: 'pods',
      },
      run: { long: 'run', type: 'bool', help: 'Start it' },
    },
    load: () => import('../container/clone.ts'),
  },
  {
    paths: ['container runlabel'],
    summary: 'Run the command of tspod that a label of an image holds',
    description:
      'IMAGE and NAME in it stand for the image and the container’s name, alone or after an equals sign; $NAME (or with braces) also for variables of the caller, $PWD for the current directory. Words in quotes stay together. A label that runs another program than podman, docker or tspod is refused.',
    examples: ['container runlabel RUN registry.example.org/app', 'container runlabel --display RUN app'],
    arguments: {
      usage: 'LABEL IMAGE [ARG...]',
      min: 2,
      max: Number.POSITIVE_INFINITY,
      complete: ['none', 'images', 'none'],
    },
    flags: {
      authfile: registryFlags.authfile,
      certDir: registryFlags.certDir,
      creds: registryFlags.creds,
      display: { long: 'display', type: 'bool', help: 'Print the command and do not run it' },
      name: { long: 'name', short: 'n', type: 'string', placeholder: 'name', help: 'What NAME stands for' },
      quiet: {
        long: 'quiet',
        short: 'q',
        type: 'bool',
        help: 'Do not print the progress of a pull',
      },
      opt1: {
        long: 'opt1',
        type: 'string',
        placeholder: 'text',
        help: 'What $OPT1 stands for',
        hidden: true,
      },
      opt2: {
        long: 'opt2',
        type: 'string',
        placeholder: 'text',
        help: 'What $OPT2 stands for',
        hidden: true,
      },
      opt3: {
        long: 'opt3',
        type: 'string',
        placeholder: 'text',
        help: 'What $OPT3 stands for',
        hidden: true,
      },
      replace: { long: 'replace', type: 'bool', help: 'Remove a container of the name first' },
      tlsVerify: registryFlags.tlsVerify,
    },
    stopAtFirstArgument: true,
    load: () => import('../container/runlabel.ts'),
  },
];
