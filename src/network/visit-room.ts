import { spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { networkFiles } from './attachment-record.ts';
import type { NetworkContext } from './context.ts';
import { helperEnvironment } from './helper-program.ts';
import { lockNetavark } from './netavark.ts';
import { LEAVE_ROOM, openRoom, type RootlessRoom, roomFiles } from './rootless-room.ts';

/**
 * Keeps the namespace of rootless bridges open while `work` runs, as a container on one of them does; makes it when there is none. With
 * the last who needs it, it goes. A visit that is killed is over for all who come later.
 */
export async function visitRoom<T>(
  context: NetworkContext,
  work: (room: RootlessRoom) => Promise<T>,
): Promise<T> {
  const files = networkFiles(context.paths.runRoot);
  const visitor = `visitor-${process.pid}`;
  const underLock = async <R>(step: () => Promise<R> | R): Promise<R> => {
    const lockFd = await lockNetavark(files, 'exclusive');
    try {
      return await step();
    } finally {
      closeSync(lockFd);
    }
  };
  const leave = (): void => {
    const env = helperEnvironment({
      ROOM: dirname(roomFiles(files).netns),
      CONTAINER: visitor,
      AARDVARK: join(files.netavark, 'aardvark-dns/aardvark.pid'),
    });
    spawnSync('/bin/sh', ['-c', LEAVE_ROOM], { env, stdio: 'ignore' });
  };
  try {
    return await work(await underLock(() => openRoom(context, files, visitor)));
  } finally {
    await underLock(leave);
  }
}
