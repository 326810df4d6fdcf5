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
