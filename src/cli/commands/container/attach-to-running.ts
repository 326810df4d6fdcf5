import { WrongStateError } from '../../../base/errors.ts';
import {
  containerPaths,
  type ContainerRecord,
  passesStreams,
  recordAttach,
} from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import { watchStoppedMonitor } from '../../../engine/stopped-monitor.ts';
import { waitForExit } from '../../../engine/wait-for-exit.ts';
import type { FlagValues } from '../../flag.ts';
import { connectStreams } from './connect-streams.ts';
import { ENDED_BY_SIGPIPE, tellOfMonitor } from './start-and-attach.ts';

/** Connects to a container that runs already; nothing that it wrote before is shown. Returns its exit code, 0 after detaching. */
export async function attachToRunning(
  engine: Engine,
  record: ContainerRecord,
  flags: FlagValues,
): Promise<number> {
  if (passesStreams(record.spec))
    throw new WrongStateError(`cannot attach to container ${record.name}: its log driver is passthrough`);
  const { terminal, stdin } = record.spec.process;
  const connection = connectStreams(engine, record, {
    socket: containerPaths(engine.paths, record.id).bundle.attach,
    terminal,
    stdin: stdin && flags['noStdin'] !== true,
    detachKeys: flags['detachKeys'],
    sigProxy: flags['sigProxy'] !== false,
  });
  recordAttach(engine, record);
  const unwatch = watchStoppedMonitor(record, tellOfMonitor);
  try {
    connection.forwardInput();
    connection.forwardEvents(record);
    const end = await connection.done;
    if (end === 'detached') return 0;
    // It runs on: this command did not start it.
    if (end === 'reader-gone') return terminal ? 0 : ENDED_BY_SIGPIPE;
    return (await waitForExit(engine, record.id)).exitCode;
  } finally {
    unwatch();
    connection.release();
  }
}
