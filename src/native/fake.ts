import type { Syscalls } from './syscalls.ts';

export interface RecordedCall {
  name: keyof Syscalls;
  args: readonly unknown[];
}

export interface FakeSyscalls extends Syscalls {
  /** All calls so far, oldest first. */
  readonly calls: RecordedCall[];
}

/**
 * Records every call and touches nothing. What a call returns, or throws, is up to `overrides`; without one the plainest
 * answer is given: a fresh descriptor number, `true` for a lock, the end of a process, an empty list, undefined for "none".
 */
export function fakeSyscalls(overrides: Partial<Syscalls> = {}): FakeSyscalls {
  const calls: RecordedCall[] = [];
  let nextFd = 1000;
  const plain: Syscalls = {
    mount: () => {},
    mountOverlay: () => {},
    umount: () => {},
    createNetns: () => {},
    bindNamespace: () => {},
    createUserns: () => {},
    createNetnsIn: () => {},
    readUsernsMaps: () => ['', ''],
    bindIdmapped: () => {},
    openat2: () => nextFd++,
    mkdirat: () => {},
    mknodat: () => {},
    symlinkat: () => {},
    linkat: () => {},
    unlinkat: () => {},
    renameat2: () => {},
    readlinkat: (_dirFd, name) => {
      throw systemError('EINVAL', 'readlinkat', String(name));
    },
    fchownat: () => {},
    fchmodat: () => {},
    utimensat: () => {},
    lstatat: () => undefined,
    removeTreeAt: () => {},
    removeTree: async () => {},
    lsetxattr: () => {},
    lgetxattr: () => undefined,
    llistxattr: () => [],
    lremovexattr: () => {},
    fsetxattr: () => {},
    setProject: () => {},
    projectOf: () => 0,
    setProjectLimits: () => {},
    isProjectFree: () => true,
    syncfs: () => {},
    syncfsAsync: async () => {},
    openInflater: () => ({}),
    inflateInto: async (_inflater, input) => ({ read: input.length, written: 0, isBetween: true }),
    resumeInflater: () => ({}),
    openHash: () => ({}),
    hashUpdate: () => {},
    hashState: () => Buffer.alloc(0),
    hashDigest: () => Buffer.alloc(32),
    punchHole: () => true,
    openDeflater: () => ({}),
    deflateInto: async () => 0,
    tryLock: () => true,
    lock: async () => true,
    unlock: () => {},
    pidfdOpen: () => nextFd++,
    pidfdSendSignal: () => {},
    pidfdWait: async () => true,
    getpgid: (pid) => pid,
    connectSeqpacket: () => nextFd++,
    shutdownWrite: () => {},
    shutdownBoth: () => {},
    isHungUp: () => false,
    spawn: () => 1,
    reap: async () => 0,
    socketPair: () => [3, 4],
    memoryFile: () => 5,
    readLine: async () => undefined,
    readText: () => undefined,
    readNumbers: (paths) => paths.map(() => undefined),
    processStart: () => undefined,
    exitNow: (code) => {
      throw new Error(`exit ${code}`);
    },
    setRawTerminal: () => Buffer.alloc(0),
    restoreTerminal: () => {},
    pumpAttach: async () => 'eof',
    pumpInput: async () => undefined,
    setCloseOnExec: () => {},
    releaseFreeMemory: () => {},
    holdPort: () => nextFd++,
    boundPort: () => 40000,
    statfsType: () => 0xef53,
    isatty: () => false,
  };
  const answers: Syscalls = { ...plain, ...overrides };
  const recording = new Proxy(answers, {
    get(target, name: keyof Syscalls) {
      const call = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]): unknown => {
        calls.push({ name, args });
        return call(...args);
      };
    },
  });
  return Object.assign(Object.create(recording) as Syscalls, { calls });
}

/** An error as the real calls throw it, for overrides. */
export function systemError(code: string, syscall: string, path?: string): Error {
  const place = path === undefined ? '' : ` '${path}'`;
  return Object.assign(new Error(`${code}: fake failure, ${syscall}${place}`), {
    code,
    syscall,
    ...(path === undefined ? {} : { path }),
  });
}
