import type { CommandRecord } from '../../command.ts';

export const generateRecords: readonly CommandRecord[] = [
  {
    paths: ['generate systemd'],
    summary: 'Make a service of systemd for a container',
    description:
      'With --new the service makes the container anew at each start and removes it at each stop; otherwise it starts and stops the one there is. Put the file into /etc/systemd/system, or ~/.config/systemd/user for your own containers.',
    examples: ['generate systemd web', 'generate systemd --new --name --files web'],
    arguments: { usage: 'CONTAINER', min: 1, max: 1, complete: 'containers' },
    flags: {
      after: { long: 'after', type: 'stringArray', placeholder: 'unit', help: 'Start after this unit' },
      containerPrefix: {
        long: 'container-prefix',
        type: 'string',
        placeholder: 'prefix',
        help: 'Beginning of the name of the unit (default "container")',
      },
      env: {
        long: 'env',
        short: 'e',
        type: 'stringArray',
        placeholder: 'name=value',
        help: 'Variable of the unit',
      },
      files: { long: 'files', short: 'f', type: 'bool', help: 'Write a file into the working directory' },
      format: {
        long: 'format',
        type: 'string',
        placeholder: 'json',
        help: 'Print as JSON',
        complete: ['json'],
      },
      name: { long: 'name', short: 'n', type: 'bool', help: "Use the container's name instead of its id" },
      new: { long: 'new', type: 'bool', help: 'Make the container anew at each start' },
      noHeader: { long: 'no-header', type: 'bool', help: 'Leave out the comment at the top' },
      podPrefix: { long: 'pod-prefix', type: 'string', help: 'Accepted for podman', hidden: true },
      requires: {
        long: 'requires',
        type: 'stringArray',
        placeholder: 'unit',
        help: 'Stop when this unit stops',
      },
      restartPolicy: {
        long: 'restart-policy',
        type: 'string',
        placeholder: 'policy',
        help: "systemd's restart policy (default: as --restart of the container says, else on-failure)",
        complete: ['no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'],
      },
      restartSec: {
        long: 'restart-sec',
        type: 'uint',
        placeholder: 'seconds',
        help: 'Wait before a restart',
      },
      separator: {
        long: 'separator',
        type: 'string',
        placeholder: 'text',
        help: 'Between prefix and name (default "-")',
      },
      startTimeout: {
        long: 'start-timeout',
        type: 'uint',
        placeholder: 'seconds',
        help: 'Longest time to start',
      },
      stopTimeout: {
        long: 'stop-timeout',
        type: 'uint',
        placeholder: 'seconds',
        help: "Time to stop before it is killed (default: the container's)",
      },
      template: {
        long: 'template',
        type: 'bool',
        help: 'Make a template, whose instances have containers of their own',
      },
      time: { long: 'time', short: 't', type: 'uint', help: 'Same as --stop-timeout', hidden: true },
      wants: { long: 'wants', type: 'stringArray', placeholder: 'unit', help: 'Start this unit as well' },
    },
    load: () => import('../generate/systemd.ts'),
  },
  {
    paths: ['generate spec'],
    summary: 'Print the specification of a container or pod, as the API takes it',
    description:
      "JSON of podman's SpecGenerator: what is sent to /libpod/containers/create or /libpod/pods/create makes another one like it. Ids drawn for a user namespace are left out.",
    examples: ['generate spec web', 'generate spec --name=false --filename web.json web'],
    arguments: { usage: 'CONTAINER|POD', min: 1, max: 1, complete: 'containers' },
    flags: {
      compact: { long: 'compact', short: 'c', type: 'bool', help: 'Print it on one line' },
      filename: {
        long: 'filename',
        short: 'f',
        type: 'string',
        placeholder: 'file',
        help: 'Write it to this file',
        complete: 'files',
      },
      name: {
        long: 'name',
        short: 'n',
        type: 'bool',
        default: true,
        help: 'Give it a name that is free, so that both can be there',
      },
    },
    load: () => import('../generate/spec.ts'),
  },
];
