import { UnsupportedError } from '../base/errors.ts';

/** Refused by name: pasta does the same with the source addresses kept, and every distribution has it. */
export function refuseSlirp4netns(): never {
  throw new UnsupportedError('network slirp4netns is not available yet', {
    hint: 'use `--network pasta` (the package passt)',
  });
}
