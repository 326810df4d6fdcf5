import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { socketPlace } from '../../../src/engine/compose.ts';

test('the socket of compose lies in a directory that only the user can enter, wherever the run root is', () => {
  const top = mkdtempSync(join(tmpdir(), 'tspod-test-'));
  try {
    for (const runRoot of [join(top, 'run'), join(top, 'r'.repeat(120))]) {
      const { socket, directory } = socketPlace(runRoot);
      assert.ok(socket.length <= 100, socket);
      assert.equal(statSync(dirname(socket)).mode & 0o077, 0);
      assert.equal(directory !== undefined, runRoot.length > 100);
      if (directory !== undefined) rmSync(directory, { recursive: true });
    }
  } finally {
    rmSync(top, { recursive: true });
  }
});
