/** Killed in the guest of test/vm/quotas.test.ts: project quotas need a kernel and a file system that keep them. */
export const QUOTAS: readonly { points: readonly string[] }[] = [
  { points: ['quota-after-limits', 'quota-after-project', 'rootfs-after-create', 'create-before-complete'] },
];

/** The same, of `volume create` with limits. */
export const VOLUME_QUOTAS: readonly string[] = [
  'volume-after-directory',
  'volume-after-project',
  'volume-after-limits',
];
