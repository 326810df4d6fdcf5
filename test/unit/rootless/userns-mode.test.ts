import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUsernsMode } from '../../../src/rootless/userns-mode.ts';

describe('--userns', () => {
  it('has words with options', () => {
    assert.deepEqual(parseUsernsMode('nomap'), { mode: 'nomap' });
    assert.deepEqual(parseUsernsMode('keep-id:uid=1,gid=2'), {
      mode: 'keep-id',
      uid: 1,
      gid: 2,
      size: undefined,
    });
    assert.deepEqual(parseUsernsMode('auto:size=5,uidmapping=1:2:3,gidmapping=4:5:6'), {
      mode: 'auto',
      size: 5,
      uids: [{ containerId: 1, hostId: 2, size: 3 }],
      gids: [{ containerId: 4, hostId: 5, size: 6 }],
    });
    assert.deepEqual(parseUsernsMode('container:a:b'), { mode: 'container', container: 'a:b' });
    assert.deepEqual(parseUsernsMode('ns:/x'), { mode: 'ns', path: '/x' });
  });

  it('is refused by name when it is something else', () => {
    for (const text of [
      '',
      'hosts',
      'host:1',
      'keep-id:uid=-1',
      'auto:size=0',
      'auto:uidmapping=1',
      'ns:x',
      'container:',
    ])
      assert.throws(() => parseUsernsMode(text), /--userns|mapping/, text);
  });
});
