import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { QUOTAS, VOLUME_QUOTAS } from '../crash/operations/quotas.ts';
import { eventually, guest, must } from './guest.ts';

/** The guest has no tools for xfs: its disks are made here, where they are. */
const KINDS = [
  { type: 'ext4', make: ['mkfs.ext4', '-q', '-O', 'project,quota', '-E', 'quotatype=prjquota'] },
  { type: 'xfs', make: ['mkfs.xfs', '-q'] },
];

for (const { type, make } of KINDS) {
  const [program = '', ...words] = make;
  describe(`the size of a container on ${type}`, {
    skip: hasProgram(program) ? false : `needs ${program}`,
  }, () => {
    const base = `/srv/quota-${type}`;
    const tspod = `tspod --root ${base}/disk/root --runroot ${base}/run`;
    const limits = (): string => must('root', `${base}/quotas ${base}/disk`);

    before(() => {
      const directory = mkdtempSync(join(tmpdir(), 'tspod-test-'));
      try {
        const disk = join(directory, 'disk');
        writeFileSync(disk, '');
        truncateSync(disk, 400 << 20);
        execFileSync(program, [...words, disk]);
        const source = fileURLToPath(new URL('../fixtures/project-quotas.c', import.meta.url));
        execFileSync('cc', ['-static', '-o', join(directory, 'quotas'), source]);
        must('root', `mkdir -p ${base}/disk`);
        const send = (file: string, to: string): void =>
          void must(
            'root',
            `base64 -d <<'E' | gunzip | cp --sparse=always /dev/stdin ${to}\n${gzipSync(readFileSync(file), { level: 9 }).toString('base64')}\nE`,
          );
        send(disk, `${base}/image`);
        send(join(directory, 'quotas'), `${base}/quotas`);
        must('root', `chmod +x ${base}/quotas; mount -o loop,prjquota ${base}/image ${base}/disk`);
        must('root', `${tspod} import -q --change 'CMD ["sh"]' /srv/busybox.tar localhost/busybox:latest`);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });

    after(() => {
      must('root', `${tspod} system reset -f; umount ${base}/disk; rm -r ${base}`);
    });

    test('is limited in bytes and in files, and its log is not', () => {
      const fill =
        'dd if=/dev/zero of=/big bs=1M count=30 2>&1; ls -l /big | tr -s " " | cut -d" " -f5; yes $(head -c 999 /dev/zero | tr "\\0" x) | head -n 20000';
      must(
        'root',
        `${tspod} create --name full --log-driver k8s-file --storage-opt size=16m busybox sh -c '${fill}' >/dev/null`,
      );
      must('root', `${tspod} start full; ${tspod} wait full >/dev/null`);
      const log = must('root', `${tspod} logs full | head -5`);
      assert.match(log, /No space left|quota exceeded/i);
      const written = Number(/^\d{5,}$/m.exec(log)?.[0]);
      assert.ok(written > 10 << 20 && written <= 16 << 20, log);
      // More than its limit, and all there.
      assert.equal(must('root', `${tspod} logs full | grep -c '^xxx'`), '20000');
      const files =
        'i=0; while touch /f$i 2>/dev/null; do i=$((i+1)); [ $i -lt 300 ] || break; done; echo $i';
      const made = Number(
        must('root', `${tspod} run --rm --storage-opt inodes=100 busybox sh -c '${files}'`),
      );
      assert.ok(made > 50 && made <= 100, String(made));
      // The next one has room: it is not the file system that is full.
      must('root', `${tspod} run --rm --storage-opt size=64m busybox dd if=/dev/zero of=/big bs=1M count=30`);
      assert.equal(must('root', `${tspod} exec full true 2>&1 || true`).includes('running containers'), true);
      must('root', `${tspod} rm full`);
    });

    test('holds after a restart, for a copy of it, and as storage.conf has it for all', () => {
      const write = 'dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null || echo full';
      must('root', `${tspod} create --name first --storage-opt size=8m busybox sh -c '${write}' >/dev/null`);
      for (const _ of [1, 2]) assert.equal(must('root', `${tspod} start -a first`), 'full');
      must('root', `${tspod} container clone first second >/dev/null`);
      assert.equal(must('root', `${tspod} start -a second`), 'full');
      assert.equal(limits().split('\n').length, 2);
      const general = `${tspod} --storage-opt overlay.size=8m`;
      assert.equal(must('root', `${general} run --rm busybox sh -c '${write}'`), 'full');
      assert.equal(must('root', `${general} run --rm --storage-opt size=32m busybox sh -c '${write}'`), '');
      must(
        'root',
        `${tspod} commit -q first localhost/copy; ${tspod} rm -f first second; ${tspod} rmi localhost/copy`,
      );
      assert.equal(limits(), '');
    });

    for (const { points } of QUOTAS)
      for (const point of points)
        test(`leaves no limit behind when its creation is killed at ${point}`, async () => {
          const killed = guest(
            'root',
            `TSPOD_CRASH_AT=${point} ${tspod} create --name gone --storage-opt size=8m busybox`,
          );
          assert.equal(killed.code, 137, killed.stderr);
          must('root', `${tspod} ps -a >/dev/null; ${tspod} rm -f gone`);
          assert.equal(limits(), '');
          await eventually(
            'root',
            `[ -z "$(ls ${base}/disk/root/containers ${base}/disk/root/trash | grep -v :)" ]`,
          );
        });

    for (const point of [
      'remove-after-mark',
      'rootfs-before-remove',
      'remove-after-rootfs',
      'remove-after-row',
    ])
      test(`leaves no limit behind when its removal is killed at ${point}`, () => {
        must('root', `${tspod} run --name gone --storage-opt size=8m busybox touch /x`);
        const killed = guest('root', `TSPOD_CRASH_AT=${point} ${tspod} rm gone`);
        assert.equal(killed.code, 137, killed.stderr);
        must('root', `${tspod} rm -f gone; ${tspod} ps -a >/dev/null`);
        assert.equal(limits(), '');
      });

    test('of a volume is limited in bytes and in files, which df shows in the container', () => {
      must('root', `${tspod} volume create -o o=size=8m,inodes=60 small`);
      const script =
        'dd if=/dev/zero of=/v/big bs=1M count=20 2>/dev/null || echo full; stat -c %s /v/big; df -k /v | tail -1 | tr -s " " | cut -d" " -f2; rm /v/big; mkdir /v/d; i=0; while touch /v/d/f$i 2>/dev/null; do i=$((i+1)); [ $i -lt 300 ] || break; done; echo $i';
      const [word, size = '', blocks = '', files = ''] = must(
        'root',
        `${tspod} run --rm -v small:/v busybox sh -c '${script}'`,
      ).split('\n');
      assert.equal(word, 'full');
      assert.ok(Number(size) > 4 << 20 && Number(size) <= 8_000_000, size);
      assert.ok(Number(blocks) <= 8_000_000 / 1024 + 4 && Number(blocks) > 7000, blocks);
      assert.ok(Number(files) > 30 && Number(files) < 60, files);
      // By each start, whatever an administrator has done in between; another volume has limits of its own.
      const other =
        'dd if=/dev/zero of=/v/big bs=1M count=20 2>/dev/null && echo room; dd if=/dev/zero of=/s/big bs=1M count=20 2>/dev/null || echo full';
      assert.equal(
        must(
          'root',
          `${tspod} run --rm -v small:/s --mount type=volume,src=large,dst=/v,volume-opt=o=size=64m busybox sh -c '${other}'`,
        ),
        'room\nfull',
      );
      assert.equal(limits().split('\n').length, 2);
      must('root', `${tspod} volume rm small large`);
      assert.equal(limits(), '');
    });

    for (const point of VOLUME_QUOTAS)
      test(`of a volume leaves no limit behind when its creation is killed at ${point}`, () => {
        const killed = guest(
          'root',
          `TSPOD_CRASH_AT=${point} ${tspod} volume create -o o=size=8m,inodes=60 gone`,
        );
        assert.equal(killed.code, 137, killed.stderr);
        must(
          'root',
          `${tspod} system check --repair >/dev/null || true; ${tspod} system check --quick; [ ! -e ${base}/disk/root/volumes/gone ]`,
        );
        assert.equal(limits(), '');
        must('root', `${tspod} volume create -o o=size=8m gone; ${tspod} volume rm gone`);
        assert.equal(limits(), '');
      });

    test('is refused by name where it is mounted without quotas, and what was limited does not start there', () => {
      must('root', `${tspod} create --name before --storage-opt size=8m busybox true >/dev/null`);
      must('root', `umount ${base}/disk; mount -o loop ${base}/image ${base}/disk`);
      const refused = guest('root', `${tspod} run --rm --storage-opt size=8m busybox true`);
      assert.equal(refused.code, 125);
      assert.match(
        refused.stderr,
        new RegExp(`is on ${type} at .*/disk, which is mounted without project quotas`),
      );
      const started = guest('root', `${tspod} start before`);
      assert.notEqual(started.code, 0);
      assert.match(started.stderr, /mounted without project quotas/);
      const volume = guest('root', `${tspod} volume create -o o=size=8m never`);
      assert.equal(volume.code, 125);
      assert.match(
        volume.stderr,
        new RegExp(`volume never cannot be limited: .* is on ${type} at .*/disk, .*without project quotas`),
      );
      must(
        'root',
        `${tspod} rm before; umount ${base}/disk; mount -o loop,prjquota ${base}/image ${base}/disk`,
      );
      must('root', `${tspod} run --rm --storage-opt size=8m busybox true`);
    });
  });
}

test('the size of a container is no user’s to limit', () => {
  const { code, stderr } = guest('lingering', 'tspod run --rm --storage-opt size=8m busybox true');
  assert.equal(code, 125);
  assert.match(stderr, /project quotas are root's/);
});

function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name} cc`]);
    return true;
  } catch {
    return false;
  }
}
