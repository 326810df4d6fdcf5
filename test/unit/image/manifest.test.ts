import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256Of } from '../../../src/base/ids.ts';
import {
  chooseManifest,
  formatPlatform,
  isPlatformMatch,
  parsePlatform,
  wantedPlatform,
} from '../../../src/image/manifest.ts';
import { type ImageIndex, MEDIA } from '../../../src/oci/image-spec.ts';

function index(...platforms: string[]): ImageIndex {
  return {
    mediaType: MEDIA.ociIndex,
    manifests: platforms.map((platform) => {
      const [os = '', architecture = '', variant] = platform.split('/');
      return {
        mediaType: MEDIA.ociManifest,
        digest: sha256Of(platform),
        size: 1,
        platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
      };
    }),
  };
}

describe('the platform of an image', () => {
  for (const [typed, platform] of [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['Linux/AArch64', 'linux/arm64'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['arm64', 'linux/arm64'],
  ] as const) {
    it(`reads ${typed} as ${platform}`, () => assert.equal(formatPlatform(parsePlatform(typed)), platform));
  }

  it('refuses what is no platform and contradictions', () => {
    assert.throws(() => parsePlatform('linux//v7'), { name: 'UsageError' });
    assert.throws(() => parsePlatform('a/b/c/d'), { name: 'UsageError' });
    assert.throws(() => wantedPlatform({ platform: 'linux/arm', arch: 'arm' }), { name: 'UsageError' });
  });

  for (const [want, from, got] of [
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm64'], 'linux/arm/v6'],
    ['linux/arm/v6', ['linux/arm/v7', 'linux/arm/v5'], 'linux/arm/v5'],
    ['linux/arm/v7', ['linux/arm', 'linux/arm/v8'], 'linux/arm'],
    ['linux/arm64', ['linux/arm64', 'linux/arm64/v8'], 'linux/arm64/v8'],
    ['linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2'], 'linux/amd64/v2'],
    ['linux/386', ['unknown/unknown', 'linux/386'], 'linux/386'],
  ] as const) {
    it(`takes ${got} from ${from.join(', ')} for ${want}`, () => {
      const chosen = chooseManifest(index(...from), parsePlatform(want), 'x');
      assert.equal(chosen.digest, sha256Of(got));
    });
  }

  it('says what there is when nothing fits', () => {
    assert.throws(
      () =>
        chooseManifest(
          index('linux/arm/v7', 'linux/amd64/v2', 'unknown/unknown'),
          parsePlatform('linux/amd64'),
          'quay.io/x:1',
        ),
      {
        name: 'NotFoundError',
        message:
          'no image found in image index for platform linux/amd64: quay.io/x:1 has linux/arm/v7, linux/amd64/v2',
      },
    );
  });

  it('never runs a newer variant on an older machine', () => {
    assert.equal(
      isPlatformMatch({ os: 'linux', architecture: 'arm', variant: 'v7' }, parsePlatform('linux/arm/v6')),
      false,
    );
    assert.equal(
      isPlatformMatch({ os: 'linux', architecture: 'arm64' }, parsePlatform('linux/arm64/v8')),
      true,
    );
  });
});
