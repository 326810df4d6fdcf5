import { humanDuration } from '../base/human-duration.ts';
import { displayState, type ListedContainer } from './list-containers.ts';

/** docker's words in the column STATUS: `Up 2 minutes (healthy)`, `Exited (0) 3 seconds ago`. */
export function dockerStatus({ record, health, restarting }: ListedContainer): string {
  const age = (time: string | undefined): string =>
    humanDuration(Date.now() - (time === undefined ? Date.now() : Date.parse(time)));
  if (restarting) return `Restarting (${record.exitCode ?? 0}) ${age(record.finishedAt)} ago`;
  switch (displayState(record.state)) {
    case 'running':
    case 'stopping':
      return `Up ${age(record.startedAt)}${healthSuffix(health)}`;
    case 'paused':
      return `Up ${age(record.startedAt)} (Paused)`;
    case 'exited':
      return `Exited (${record.exitCode ?? 0}) ${age(record.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    default:
      return 'Created';
  }
}

function healthSuffix(health: string): string {
  if (health === '') return '';
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}
