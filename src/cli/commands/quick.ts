import type { CommandRecord } from '../command.ts';
import { containerRunRecords } from './records/container-run.ts';
import { containerStateRecords } from './records/container-state.ts';
import { containerViewRecords } from './records/container-view.ts';

/** The commands that people wait for most. They are looked at first, because making the records of all takes a millisecond. */
export const quickCommands: readonly CommandRecord[] = [
  ...containerRunRecords,
  ...containerStateRecords,
  ...containerViewRecords,
];

/**
 * What the quick program does: what is over in a moment and needs no registry, no server and no worker threads. By the first path of
 * its record.
 */
const QUICK = new Set(
  `attach,completion,container cleanup,container exists,container health-changed,container inspect,container prune,create,exec,
  healthcheck run,help,history,image exists,image inspect,image tree,images,info,init,inspect,kill,logs,mount,network connect,
  network create,network disconnect,network exists,network inspect,network ls,network rm,pause,pod create,pod exists,pod inspect,
  pod kill,pod logs,pod pause,pod ps,pod restart,pod rm,pod start,pod stats,pod stop,pod top,pod unpause,port,ps,rename,restart,rm,
  rmi,run,secret create,secret exists,secret inspect,secret ls,secret rm,start,stats,stop,tag,top,unmount,unpause,untag,update,version,
  volume create,volume exists,volume inspect,volume ls,volume rm,wait`.split(/,\s*/),
);

export function isQuick({ paths: [path = ''] }: CommandRecord): boolean {
  return QUICK.has(path);
}
