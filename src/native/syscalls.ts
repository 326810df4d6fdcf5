/**
 * System calls that Node lacks. One documented method per call; the real implementation is `linux.ts` (N-API addon,
 * loaded lazily), the recording fake for unit tests is `fake.ts`.
 *
 * Every method throws an Error with `code` (errno name, e.g. 'ENOENT'), `errno`, `syscall` and, where there is one, `path`,
 * exactly shaped like Node's own system errors. Paths are strings or Buffers (names need not be UTF-8).
 * All file descriptors that are returned are close-on-exec. Synchronous unless a Promise is returned.
 */
export type PathLike = string | Buffer;

export interface OverlayMount {
  /** Absolute. */
  target: string;
  /** Topmost first. Relative names are resolved against `base`. Any number of them works (fsconfig "lowerdir+" where the kernel has it, else relative names from `base` as cwd inside one page of options). */
  lowerDirs: readonly string[];
  base: string;
  /** Absent: a read-only overlay. */
  upperDir?: string;
  workDir?: string;
  /** Further options, e.g. `userxattr`, `volatile`, `metacopy=off`, `context="…"`. */
  options: readonly string[];
  /** MS_* flags, e.g. MS_RDONLY, MS_NODEV. */
  flags?: number;
  /**
   * Together, text as in /proc/PID/uid_map: what is beneath `base` shows the owners that these maps give its ids; what is written
   * has them on disk. EPERM, EINVAL or ENOSYS where the kernel or the file system cannot.
   */
  uidMap?: string;
  gidMap?: string;
}

export interface FileTimes {
  atimeSec: number;
  atimeNsec: number;
  mtimeSec: number;
  mtimeNsec: number;
}

/** The state of one stream that is being decompressed; freed with the object. */
export type Inflater = object;

/** SHA-256 of what has been given to it so far; freed with the object. */
export type Hash = object;

/** What one block of raw deflate at a time is made with; freed with the object. */
export type Deflater = object;

export interface InflatedPart {
  read: number;
  written: number;
  /** What was read so far is whole: the stream may end here. */
  isBetween: boolean;
  /** Only when asked for: the call has stopped at a place from which `resumeInflater` can go on, with this. Valid on this machine. */
  mark?: Buffer;
  /** Why the stream cannot be decompressed. */
  problem?: string;
}

export interface Syscalls {
  // --- mounts
  mount(source: string, target: string, fstype: string, flags: number, data: string): void;
  mountOverlay(mount: OverlayMount): void;
  umount(target: string, flags: number): void;
  /** A new network namespace, loopback up, bound at `path` (an empty file that this call creates). */
  createNetns(path: string): void;
  /** Runs mount(source,target,"bind") of /proc/PID/ns/TYPE; the file at `path` is created. */
  bindNamespace(
    pid: number,
    type: 'net' | 'user' | 'mnt' | 'ipc' | 'uts' | 'pid' | 'cgroup',
    path: string,
  ): void;

  /** A new user namespace with these maps (text as in /proc/PID/uid_map), bound at `path` (an empty file that this call creates). */
  createUserns(path: string, uidMap: string, gidMap: string): void;
  /** createNetns, for a network namespace that belongs to the user namespace at `userns`. */
  createNetnsIn(path: string, userns: string): void;
  /** uid_map and gid_map of the user namespace at that path; ids outside are those of this process's namespace. */
  readUsernsMaps(userns: string): [string, string];
  /** A bind mount (nothing beneath it) that shows the owners that these maps give its ids. EPERM, EINVAL, ENOSYS: not possible. */
  bindIdmapped(source: string, target: string, uidMap: string, gidMap: string): void;

  // --- whole files
  /** Of a small file, for those that are read by the hundred: as UTF-8. Undefined when it, or the process that it tells of, is not there. */
  readText(path: PathLike): string | undefined;
  /**
   * Numbers in small files, one for each path and key; those of one file stand together. An empty key: the file is that number. Another
   * one, say `anon ` or `rbytes=`: the sum of the numbers that follow it where a word begins with it. Undefined when the file cannot be
   * read or has no such number.
   */
  readNumbers(paths: readonly string[], keys: readonly string[]): (number | undefined)[];
  /** State and start time of a process as /proc/PID/stat has them, one behind the other: `S41234`. Undefined when there is none. */
  processStart(pid: number): string | undefined;

  // --- files beneath a directory descriptor (dirFd -100 = AT_FDCWD). Names are used as given, never followed out when RESOLVE flags say so.
  /** openat2(2). `resolve` is a sum of RESOLVE_*; falls back to nothing: kernels before 5.6 get ENOSYS. */
  openat2(dirFd: number, path: PathLike, flags: number, mode: number, resolve: number): number;
  mkdirat(dirFd: number, name: PathLike, mode: number): void;
  mknodat(dirFd: number, name: PathLike, mode: number, major: number, minor: number): void;
  symlinkat(target: PathLike, dirFd: number, name: PathLike): void;
  linkat(oldDirFd: number, oldName: PathLike, newDirFd: number, newName: PathLike, flags: number): void;
  unlinkat(dirFd: number, name: PathLike, flags: number): void;
  renameat2(oldDirFd: number, oldName: PathLike, newDirFd: number, newName: PathLike, flags: number): void;
  readlinkat(dirFd: number, name: PathLike): Buffer;
  fchownat(dirFd: number, name: PathLike, uid: number, gid: number, flags: number): void;
  /** Never follows a final symlink (EOPNOTSUPP). */
  fchmodat(dirFd: number, name: PathLike, mode: number): void;
  utimensat(dirFd: number, name: PathLike, times: FileTimes, flags: number): void;
  /** fstatat(2) with AT_SYMLINK_NOFOLLOW, all numbers exact. Returns undefined for ENOENT. */
  lstatat(dirFd: number, name: PathLike): RawStat | undefined;
  /** Removes a whole tree beneath `dirFd` without following links or crossing mounts; missing is fine. */
  removeTreeAt(dirFd: number, name: PathLike): void;
  /** removeTreeAt for absolute paths, on a worker thread. */
  removeTree(path: string): Promise<void>;

  // --- extended attributes (never follow a final symlink; the f-forms take a descriptor). Where the file system knows none, there are none.
  lsetxattr(path: PathLike, name: string, value: Buffer): void;
  lgetxattr(path: PathLike, name: string): Buffer | undefined;
  llistxattr(path: PathLike): string[];
  lremovexattr(path: PathLike, name: string): void;
  fsetxattr(fd: number, name: string, value: Buffer): void;

  // --- project quotas of xfs and ext4, of a directory that is there. Throw EOPNOTSUPP, ENOTTY, ENOSYS or ESRCH where there are none.
  /** What is made in it from now on counts for the project; 0: for none. */
  setProject(directory: string, project: number): void;
  /** 0: none. */
  projectOf(directory: string): number;
  /** Of all that counts for the project on that file system; 0: no limit. */
  setProjectLimits(directory: string, project: number, bytes: number, inodes: number): void;
  /** Neither limits nor files there have that number. */
  isProjectFree(directory: string, project: number): boolean;
  /** The bytes become zeros that take no room; the size stays. False where the file system has no holes. */
  punchHole(fd: number, offset: number, length: number): boolean;

  // --- durability
  syncfs(fd: number): void;
  /** Asynchronous syncfs. */
  syncfsAsync(fd: number): Promise<void>;

  // --- decompression, from one buffer straight into another, on libuv's threads
  openInflater(format: 'gzip' | 'zstd'): Inflater;
  /**
   * Goes on where the last call stopped, until `output` is full or `input` used up. One call at a time for each inflater. With `wantsMark`,
   * a gzip stream also stops at the next place from which another inflater can go on; some have none for long.
   */
  inflateInto(inflater: Inflater, input: Buffer, output: Buffer, wantsMark?: boolean): Promise<InflatedPart>;
  /** Goes on behind the mark. The checksum at the end of the member that the mark lies in is not compared. Throws EINVAL for nonsense. */
  resumeInflater(mark: Buffer): Inflater;

  // --- SHA-256 that another process can go on with
  /** From what `hashState` gave, or anew when that is empty. Throws EINVAL for nonsense. */
  openHash(state: Buffer): Hash;
  hashUpdate(hash: Hash, bytes: Buffer): void;
  hashState(hash: Hash): Buffer;
  /** Of all so far; more may follow. */
  hashDigest(hash: Hash): Buffer;

  // --- compression, likewise
  openDeflater(): Deflater;
  /**
   * Packs all of `input` into `output`, up to a byte boundary behind which the next block may follow. `before` is the end of what comes
   * before it (at most 32 KiB count, may be empty). Returns the bytes written; ENOBUFS when they do not fit. One call at a time
   * for each deflater.
   */
  deflateInto(
    deflater: Deflater,
    before: Buffer,
    input: Buffer,
    output: Buffer,
    level: number,
    strategy: number,
  ): Promise<number>;

  // --- locks: open file description locks over the whole file, freed by the kernel when the last descriptor closes
  /** Tries once; false when somebody else holds it. */
  tryLock(fd: number, mode: 'shared' | 'exclusive'): boolean;
  /** Waits on a thread for at most `timeoutMs`; false after that. */
  lock(fd: number, mode: 'shared' | 'exclusive', timeoutMs: number): Promise<boolean>;
  unlock(fd: number): void;

  // --- processes
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /** Resolves true when the process has ended, false after `timeoutMs` (-1 = forever). Does not reap. */
  pidfdWait(pidfd: number, timeoutMs: number): Promise<boolean>;
  getpgid(pid: number): number;

  // --- starting programs
  /**
   * Starts a program; its descriptor i is `fds[i]` (-1: /dev/null), nothing else of this process. `argv` includes the program's own
   * name, `envp` is KEY=value. Returns the pid, which `reap` has to take in. ENOENT and the like are thrown.
   */
  spawn(program: string, argv: readonly string[], envp: readonly string[], fds: readonly number[]): number;
  /** Waits for a child of `spawn`; resolves with its exit status, 128 + n for a signal. */
  reap(pid: number): Promise<number>;
  /** Two connected stream sockets, close-on-exec. */
  socketPair(): [number, number];
  /** An anonymous file in memory, e.g. for the stderr of a program that is only looked at when it fails. */
  memoryFile(name: string): number;
  /** The next line of a socket (at most 64 KiB) without its end; undefined at end of file. One reader at a time; shutdownBoth ends it. */
  readLine(fd: number): Promise<string | undefined>;
  /** _exit(2): nothing of Node's own end is run. */
  exitNow(code: number): never;

  // --- sockets
  /** Connects a SOCK_SEQPACKET unix socket; the path may be longer than sun_path (opened by /proc/self/fd). Blocking descriptor. */
  connectSeqpacket(path: string): number;
  /** shutdown(fd, SHUT_WR). */
  shutdownWrite(fd: number): void;
  /** shutdown(fd, SHUT_RDWR): the way to end a pumpAttach early (closing the descriptor does not). */
  shutdownBoth(fd: number): void;
  /** The other side has closed the connection, not only its half of it. Found out without reading. */
  isHungUp(fd: number): boolean;

  // --- terminals
  /** Switches all processing of input and output off; returns the state to be given to restoreTerminal. ENOTTY for anything else. */
  setRawTerminal(fd: number): Buffer;
  restoreTerminal(fd: number, saved: Buffer): void;
  /**
   * Copies packets of an attach socket (first byte 2 = stdout, 3 = stderr) to two descriptors on a thread of its own until end
   * of file or until the reader of one has gone (EPIPE, EIO); resolves with the reason. A write that fails otherwise stops output
   * to that descriptor only and rejects the promise, after end of file.
   * -1 discards that stream. With `framed` (1) each packet is preceded by eight bytes: stream (1 or 2), three zeros, length.
   */
  pumpAttach(
    socketFd: number,
    stdoutFd: number,
    stderrFd: number,
    framed?: 0 | 1,
  ): Promise<'eof' | 'reader-gone'>;
  /**
   * Copies a stream to an attach socket on a thread of its own, and ends the container's input with the end of the stream. Resolves at
   * that end, or when the container takes no more; shutting the stream down ends it early.
   */
  pumpInput(fd: number, socketFd: number): Promise<void>;
  /** For a descriptor that this process inherited and no child shall have. */
  setCloseOnExec(fd: number): void;
  /** Gives the kernel back what C code has freed; without effect where the C library does so by itself. */
  releaseFreeMemory(): void;

  /**
   * Binds (and for tcp and sctp listens on) a host port without serving it, so that nobody else can have it while the returned
   * descriptor is open. `address` '' is every IPv4 address, `port` 0 draws a free one.
   */
  holdPort(protocol: 'tcp' | 'udp' | 'sctp', address: string, port: number): number;
  /** The port that a socket is bound to. */
  boundPort(fd: number): number;

  // --- identity
  /** Kernel facts of a path: statfs f_type. */
  statfsType(path: string): number;
  isatty(fd: number): boolean;
}

export interface RawStat {
  dev: bigint;
  ino: bigint;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdevMajor: number;
  rdevMinor: number;
  size: number;
  blocks: number;
  mtimeSec: number;
  mtimeNsec: number;
  ctimeSec: number;
  ctimeNsec: number;
}

export const AT_FDCWD = -100;
/** Of open(2): a place in the file system, without opening what is there. Node does not name it. */
export const O_PATH = 0o10000000;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;
export const RESOLVE_NO_XDEV = 0x01;
export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;
export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_REMOUNT = 32;
export const MS_BIND = 4096;
export const MS_REC = 16384;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;
export const MNT_DETACH = 2;
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
