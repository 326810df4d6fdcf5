import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkTar } from '../../../src/storage/tar/check-tar.ts';
import { buildTar } from '../../fixtures/images.ts';

const archive = buildTar([
  { name: 'a', content: 'short' },
  { name: 'b', content: 'x'.repeat(100_000) },
]);

function inPieces(bytes: Buffer, length: number): () => Buffer | undefined {
  let at = 0;
  return () => {
    const piece = bytes.subarray(at, at + length);
    at += piece.length;
    return piece.length === 0 ? undefined : piece;
  };
}

describe('checking a tar', () => {
  test('reads all of it', async () => {
    const pull = inPieces(archive, 700);
    await checkTar(pull);
    assert.equal(pull(), undefined);
  });

  test('names the entry in whose content it ends', async () => {
    await assert.rejects(
      checkTar(inPieces(archive.subarray(0, 60_000), 700)),
      /^IntegrityError: "b": .* ends/,
    );
  });

  test('refuses a header that is damaged', async () => {
    const damaged = Buffer.from(archive);
    damaged[1024] = 0x7a;
    await assert.rejects(checkTar(inPieces(damaged, 700)), /checksum/);
  });

  test('takes nothing at all for an empty archive', async () => {
    await checkTar(() => undefined);
  });
});
