import { StorageError } from '../../base/errors.ts';

/** A file's owner has no number in this user namespace. */
export class UnmappedIdError extends StorageError {
  override readonly code: string = 'UNMAPPED_ID';

  constructor(uid: number, gid: number, details: { cause?: unknown } = {}) {
    super(`potentially insufficient UIDs or GIDs available in user namespace (requested ${uid}:${gid})`, {
      ...details,
      hint: 'give the user more ids in /etc/subuid and /etc/subgid, then run `tspod system migrate`',
    });
  }
}
