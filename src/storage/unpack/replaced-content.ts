import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Syscalls } from '../../native/syscalls.ts';
import type { LayerDirectory } from './directory-cache.ts';
import { pathBytes } from './entry-path.ts';

/**
 * When a tar names a path twice the last entry wins, but the exact tar can only be given again if the first content is kept. What is
 * replaced moves aside; at the end the files with content of this tar are kept under the number of their entry, the rest goes.
 */
export class ReplacedContent {
  readonly #system: Syscalls;
  readonly #target: string;
  readonly #aside: string;
  #asideFd = -1;
  #count = 0;
  /** How many of them `settle` has seen. */
  #settled = 0;
  #kept = 0;
  #inodes = new Float64Array(1024);
  #ordinals = 0;

  /** `target` is the layer's directory for such files; it is made only if there are any. */
  constructor(system: Syscalls, target: string) {
    this.#system = system;
    this.#target = target;
    this.#aside = join(dirname(target), 'aside');
  }

  /** The number of the next entry with content. */
  nextOrdinal(): number {
    if (this.#ordinals === this.#inodes.length) {
      const grown = new Float64Array(this.#inodes.length * 2);
      grown.set(this.#inodes);
      this.#inodes = grown;
    }
    return this.#ordinals++;
  }

  /** Which file the last such entry has made. */
  made(inode: number): void {
    this.#inodes[this.#ordinals - 1] = inode;
  }

  moveAside(parent: LayerDirectory, base: string): void {
    if (this.#asideFd < 0) {
      mkdirSync(this.#aside, { mode: 0o700 });
      this.#asideFd = openSync(this.#aside, 'r');
    }
    this.#system.renameat2(parent.fd, pathBytes(base), this.#asideFd, String(this.#count++), 0);
  }

  /** Puts what is to be kept where it stays. */
  settle(): void {
    if (this.#settled === this.#count) return;
    this.#settled = this.#count;
    const byInode = new Map<number, Buffer>();
    collectFiles(Buffer.from(this.#aside), byInode);
    for (let ordinal = 0; ordinal < this.#ordinals && byInode.size > 0; ordinal++) {
      const inode = this.#inodes[ordinal] ?? -1;
      const path = byInode.get(inode);
      if (path === undefined) continue;
      byInode.delete(inode);
      // Another name of the same file may follow.
      this.#inodes[ordinal] = -1;
      mkdirSync(this.#target, { recursive: true, mode: 0o755 });
      this.#kept += statSync(path).blocks * 512;
      renameSync(path, join(this.#target, String(ordinal)));
    }
  }

  /** Returns the bytes that what is kept takes on disk. */
  finish(): number {
    if (this.#asideFd < 0) return 0;
    this.settle();
    this.close();
    this.#system.removeTreeAt(-100, this.#aside);
    return this.#kept;
  }

  close(): void {
    if (this.#asideFd >= 0) closeSync(this.#asideFd);
    this.#asideFd = -1;
  }
}

function collectFiles(directory: Buffer, byInode: Map<number, Buffer>): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) collectFiles(path, byInode);
    else if (entry.isFile()) byInode.set(statSync(path).ino, path);
  }
}
