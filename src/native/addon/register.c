/* The table of exported functions. */
#include "addon.h"

#define ENTRY(name) {#name, NULL, js_##name, NULL, NULL, NULL, napi_enumerable, NULL}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      ENTRY(mount),        ENTRY(mountOverlay), ENTRY(umount),        ENTRY(createNetns),
      ENTRY(bindNamespace), ENTRY(createUserns), ENTRY(createNetnsIn), ENTRY(readUsernsMaps),
      ENTRY(bindIdmapped), ENTRY(openat2),     ENTRY(mkdirat),       ENTRY(mknodat),
      ENTRY(symlinkat),    ENTRY(linkat),       ENTRY(unlinkat),      ENTRY(renameat2),
      ENTRY(readlinkat),   ENTRY(fchownat),     ENTRY(fchmodat),      ENTRY(utimensat),
      ENTRY(lstatat),      ENTRY(statfsType),   ENTRY(isatty),        ENTRY(removeTreeAt),
      ENTRY(removeTree),   ENTRY(lsetxattr),    ENTRY(lgetxattr),     ENTRY(llistxattr),
      ENTRY(lremovexattr), ENTRY(fsetxattr),    ENTRY(syncfs),        ENTRY(syncfsAsync),
      ENTRY(punchHole), ENTRY(openHash), ENTRY(hashUpdate), ENTRY(hashState), ENTRY(hashDigest),
      ENTRY(openInflater), ENTRY(resumeInflater), ENTRY(inflateInto), ENTRY(openDeflater), ENTRY(deflateInto),
      ENTRY(tryLock),      ENTRY(lock),         ENTRY(unlock),        ENTRY(pidfdOpen),
      ENTRY(pidfdSendSignal), ENTRY(pidfdWait), ENTRY(getpgid),       ENTRY(connectSeqpacket),
      ENTRY(shutdownWrite), ENTRY(shutdownBoth), ENTRY(isHungUp), ENTRY(pumpAttach), ENTRY(pumpInput), ENTRY(setCloseOnExec),
      ENTRY(holdPort),     ENTRY(boundPort),    ENTRY(mapText), ENTRY(mapBytes),    ENTRY(setRawTerminal), ENTRY(restoreTerminal),
      ENTRY(spawn), ENTRY(reap), ENTRY(socketPair), ENTRY(memoryFile), ENTRY(readLine), ENTRY(exitNow),
      ENTRY(releaseFreeMemory), ENTRY(setProject), ENTRY(projectOf), ENTRY(setProjectLimits), ENTRY(isProjectFree), ENTRY(readText),
      ENTRY(readNumbers), ENTRY(processStart),
  };
  share_free_memory();
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
