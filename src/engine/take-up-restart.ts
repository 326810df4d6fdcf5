import type { ContainerRecord } from '../libpod/container.ts';
import type { Engine } from './engine.ts';

/** For commands that look: starts what its policy was to start again, should the monitor that waited have been killed. */
export async function takeUpRestart(engine: Engine, record: ContainerRecord): Promise<void> {
  const { resumeRestart } = await import('../libpod/resume-restart.ts');
  resumeRestart(engine, record);
}
