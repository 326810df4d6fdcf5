import type { FlagValues } from '../../flag.ts';

/** Hardly any command passes descriptors on: the code for it is loaded then only. */
export async function preserved(flags: FlagValues): Promise<number[]> {
  if (flags['preserveFds'] === undefined && flags['preserveFd'] === undefined) return [];
  return (await import('./preserved-fds.ts')).preservedFds(flags);
}
