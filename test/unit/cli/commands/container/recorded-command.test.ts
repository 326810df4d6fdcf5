import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recordedCommand } from '../../../../../src/cli/commands/container/recorded-command.ts';

describe('the recorded command line of a container', () => {
  it('leaves out credentials in both spellings', () => {
    assert.deepEqual(recordedCommand(['run', '--creds', 'ann:secret', '-d', 'image'], ['image']), [
      'run',
      '-d',
      'image',
    ]);
    assert.deepEqual(recordedCommand(['create', '--creds=ann:secret', 'image'], ['image']), [
      'create',
      'image',
    ]);
  });

  it('keeps the command of the container as it is', () => {
    const command = ['image', 'client', '--creds', 'x', '--creds=y'];
    assert.deepEqual(recordedCommand(['run', '--rm', ...command], command), ['run', '--rm', ...command]);
    assert.deepEqual(recordedCommand(['run', '--', ...command], command), ['run', '--', ...command]);
  });
});
