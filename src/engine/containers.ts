/** Use cases on containers, for CLI and API alike. They take the engine first and return data. */
export { createContainer, type CreateHooks, imageFor, type PullRequest } from './create-container.ts';
export {
  attach,
  type Attachment,
  type AttachEnd,
  connectToMonitor,
  resizeTerminal,
} from '../conmon/attach-client.ts';
export { DetachDetector, parseDetachKeys } from '../conmon/detach-keys.ts';
export { bundlePaths } from '../conmon/protocol.ts';
export {
  type ContainerRecord,
  findContainer,
  latestContainer,
  listContainers,
  lookupContainer,
} from '../libpod/container.ts';
export { containerPaths } from '../libpod/container-paths.ts';
export { lockContainer } from '../libpod/container-lock.ts';
export { lookupPresent, settle, settleQuietly } from '../libpod/settle.ts';
export { startContainer, type StartedContainer, type StartOptions } from '../libpod/start.ts';
export { passesStreams } from '../libpod/startable.ts';
export { recordAttach } from '../libpod/record-attach.ts';
export { stopContainer } from '../libpod/stop.ts';
export { endMonitor as interruptStart } from '../libpod/end-monitor.ts';
export { killContainer, sendSignal } from '../libpod/signal.ts';
export { pauseContainer, unpauseContainer } from '../libpod/pause.ts';
export { removeContainer, stopForRemoval } from '../libpod/remove.ts';
export { cleanupContainer, restartByPolicy } from '../libpod/cleanup.ts';
export type { ExecRequest } from '../libpod/exec-process.ts';
export { cleanupExec, type ExecSession, recordExecCreate, startExec } from '../libpod/exec-session.ts';
export { healthChanged } from '../libpod/health-changed.ts';
export { type HealthRecord, healthStatus, readHealth } from '../libpod/health-record.ts';
export { runHealthcheck } from '../libpod/run-healthcheck.ts';
export { isRestarting } from '../libpod/restart-policy.ts';
export { renameContainer } from '../libpod/rename.ts';
