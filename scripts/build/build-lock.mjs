import { openSync, readFileSync, rmSync, writeSync, closeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const PATIENCE_MS = 300_000;
const INTERVAL_MS = 100;

/** Two builds of one tree take turns; a lock whose holder is gone is taken over. */
export async function withBuildLock(path, work) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!tryLock(path)) {
    if (!holderLives(path)) rmSync(path, { force: true });
    else if (Date.now() > deadline) throw new Error(`another build (pid in ${path}) does not end`);
    else await setTimeout(INTERVAL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path) {
  try {
    const fd = openSync(path, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderLives(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    // Still empty: it is being written at this moment.
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
