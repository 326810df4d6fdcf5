import type { CommandRecord } from '../../command.ts';

/** Commands around other programs that speak docker's API. */
export const composeRecords: readonly CommandRecord[] = [
  {
    paths: ['compose'],
    summary: 'Run docker-compose or podman-compose against tspod',
    description:
      'All words go to the program, which finds a service of its own to talk to; with DOCKER_HOST set it goes there. TSPOD_COMPOSE_PROVIDER names another program.',
    examples: ['compose up -d', 'compose -f stack.yaml ps', 'compose down --volumes'],
    arguments: { usage: '[OPTIONS] COMMAND [ARG...]', min: 0, max: Number.POSITIVE_INFINITY },
    flags: {},
    rawArguments: true,
    load: () => import('../system/compose.ts'),
  },
];
