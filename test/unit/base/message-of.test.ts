import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { messageOf } from '../../../src/base/errors.ts';

function failure(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the text of a failed system call', () => {
  it('names call, object and reason, without the name of an error number', () => {
    assert.equal(
      messageOf(failure(() => readdirSync('/no/such'))),
      'scandir /no/such: no such file or directory',
    );
    assert.equal(
      messageOf(failure(() => renameSync('/no/such', '/nor this'))),
      'rename /no/such /nor this: no such file or directory',
    );
  });

  it('does so for connections as well', async () => {
    const error = await new Promise((resolve) => connect('/no/such/socket').once('error', resolve));
    assert.equal(messageOf(error), 'connect /no/such/socket: no such file or directory');
  });
});

it('JSON that is none is told in words that do not depend on the runtime', () => {
  for (const text of ['', '{', '{a', 'root:x', '"\n"'])
    assert.equal(messageOf(failure(() => JSON.parse(text))), 'not valid JSON');
});
