export { type ExitReport, waitForExit, waitForOwnExit } from '../libpod/wait-for-exit.ts';
