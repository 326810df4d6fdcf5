import { AT_SYMLINK_NOFOLLOW, type Syscalls } from '../../native/syscalls.ts';
import type { DirectoryCache } from './directory-cache.ts';
import { baseOf, parentOf, pathBytes } from './entry-path.ts';

const HEAD = 14;
const CHUNK = 1 << 18;

/** Remembers directories until everything is in them. Kept as bytes: a tar may have a million of them. */
export class DirectoryTimes {
  readonly #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(CHUNK);
  #used = 0;

  /** `path` as latin1 and without links. */
  add(path: string, mtimeSec: number, mtimeNsec: number): void {
    if (this.#used + HEAD + path.length > CHUNK) {
      this.#full.push(this.#chunk.subarray(0, this.#used));
      this.#chunk = Buffer.allocUnsafe(CHUNK);
      this.#used = 0;
    }
    const at = this.#used;
    this.#chunk.writeDoubleLE(mtimeSec, at);
    this.#chunk.writeUInt32LE(mtimeNsec, at + 8);
    this.#chunk.writeUInt16LE(path.length, at + 12);
    this.#chunk.write(path, at + HEAD, 'latin1');
    this.#used = at + HEAD + path.length;
  }

  /** Counted for its size, with no time to restore. */
  touch(path: string): void {
    this.add(path, Number.NaN, 0);
  }

  /** Sets all times; what is no longer a directory is skipped. Returns the bytes that the directories take on disk. */
  restore(system: Syscalls, cache: DirectoryCache): number {
    let bytes = 0;
    for (const chunk of [...this.#full, this.#chunk.subarray(0, this.#used)]) {
      for (let at = 0; at < chunk.length; ) {
        const mtimeSec = chunk.readDoubleLE(at);
        const mtimeNsec = chunk.readUInt32LE(at + 8);
        const end = at + HEAD + chunk.readUInt16LE(at + 12);
        const path = chunk.toString('latin1', at + HEAD, end);
        at = end;
        // Not by the path itself: a later entry may have put a link into it.
        const parent = cache.find(parentOf(path));
        if (parent === undefined) continue;
        const name = path === '' ? '.' : pathBytes(baseOf(path));
        const found = system.lstatat(parent.fd, name);
        if (found === undefined) continue;
        bytes += found.blocks * 512;
        if (Number.isNaN(mtimeSec)) continue;
        const times = { atimeSec: mtimeSec, atimeNsec: mtimeNsec, mtimeSec, mtimeNsec };
        system.utimensat(parent.fd, name, times, AT_SYMLINK_NOFOLLOW);
      }
    }
    return bytes;
  }
}
