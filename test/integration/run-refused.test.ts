import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { exists, freshName } from '../fixtures/containers.ts';
import { tspod } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';

const REFUSED: readonly (readonly string[])[] = [
  ['--rdt-class', 'gold'],
  ...(existsSync('/sys/fs/cgroup/cgroup.controllers') ? [] : [['--cgroups', 'split']]),
  ['--mount', 'type=artifact,src=x,dst=/x'],
  ['--log-opt', 'tag=web'],
  ...(existsSync('/run/systemd/journal/socket') ? [] : [['--log-driver', 'journald']]),
];

describe('what tspod cannot do yet', () => {
  for (const flags of REFUSED) {
    it(`is refused by name: ${flags.join(' ')}`, async () => {
      const image = await busyboxImage();
      const name = freshName();
      const result = await tspod([
        'run',
        '--rm',
        '--name',
        name,
        '--network',
        'none',
        ...flags,
        image,
        'true',
      ]);
      assert.equal(result.code, 125, result.stderr);
      assert.match(result.stderr, /not supported|not available|cannot use/);
      const word = (flags[1] ?? '').includes('type=')
        ? /artifact/
        : new RegExp((flags[0] ?? '').replace(/^-+v?/, ''));
      assert.match(result.stderr, word);
      assert.equal(await exists(name), false);
    });
  }
});
