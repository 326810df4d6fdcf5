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
  `attach,builder prune,completion,container cleanup,container exists,container health-changed,container inspect,container prune,
  commit,cp,create,diff,events,exec,export,healthcheck run,help,history,image exists,image inspect,image mount,image prune,image tree,
  image unmount,images,info,init,inspect,kill,logout,logs,mount,network connect,network create,network disconnect,network exists,
  network inspect,network ls,network prune,network rm,pause,pod create,pod exists,pod inspect,pod kill,pod logs,pod pause,
  pod prune,pod ps,pod restart,pod rm,pod start,pod stats,pod stop,pod top,pod unpause,port,ps,rename,restart,rm,rmi,run,
  secret create,secret exists,secret inspect,secret ls,secret rm,start,stats,stop,system df,system prune,tag,top,unmount,unpause,
  untag,update,version,volume create,volume exists,volume export,volume import,volume inspect,volume ls,volume mount,volume prune,volume reload,volume rm,
  volume unmount,wait`.split(/,\s*/),
);

export function isQuick({ paths: [path = ''] }: CommandRecord): boolean {
  return QUICK.has(path);
}
