import type { FlagRecord } from '../flag.ts';

/** Of commands whose --force removes the containers that use the object. */
export const stopTimeFlag: FlagRecord = {
  long: 'time',
  short: 't',
  aliases: ['timeout'],
  type: 'int',
  placeholder: 'seconds',
  help: 'With --force: how long to wait for containers to stop before they are killed',
};
