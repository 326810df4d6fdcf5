import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseImageConfig, parseManifest } from '../../../src/oci/image-spec.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** What is wrong, and what the error calls it. */
const CONFIGS: Record<string, [json: string, says: RegExp]> = {
  'nothing at all': ['', /is empty/],
  'no JSON': ['{', /not valid JSON/],
  'JSON nested deeper than any stack': ['['.repeat(200_000), /not valid JSON/],
  'a list': ['[]', /is not an object/],
  null: ['null', /is not an object/],
  'a number as architecture': ['{"architecture":5}', /architecture is not a string/],
  'a text as config': ['{"config":"x"}', /config is not an object/],
  'a text as Cmd': ['{"config":{"Cmd":"true"}}', /config\.Cmd is not a list/],
  'an object as Entrypoint': ['{"config":{"Entrypoint":{"a":1}}}', /config\.Entrypoint is not a list/],
  'numbers in Env': ['{"config":{"Env":["A=1",2]}}', /config\.Env\[1\] is not a string/],
  'a number as User': ['{"config":{"User":5}}', /config\.User is not a string/],
  'a number as WorkingDir': ['{"config":{"WorkingDir":5}}', /config\.WorkingDir is not a string/],
  'a list as Volumes': ['{"config":{"Volumes":["/x"]}}', /config\.Volumes is not an object/],
  'a list as ExposedPorts': ['{"config":{"ExposedPorts":["80"]}}', /config\.ExposedPorts is not an object/],
  'numbers in Labels': ['{"config":{"Labels":{"a":1}}}', /config\.Labels\.a is not a string/],
  'a number as StopSignal': ['{"config":{"StopSignal":9}}', /config\.StopSignal is not a string/],
  'a text as Healthcheck': ['{"config":{"Healthcheck":"x"}}', /config\.Healthcheck is not an object/],
  'a negative time': ['{"config":{"Healthcheck":{"Interval":-1}}}', /Healthcheck\.Interval is not a number/],
  'a number as date': ['{"created":5}', /created is not a string/],
  'a word as date': ['{"created":"yesterday"}', /created is not a date/],
  'a date that there is not': ['{"created":"9999-99-99T00:00:00Z"}', /created is not a date/],
  'a text as history': ['{"history":"x"}', /history is not a list/],
  'numbers in the history': ['{"history":[3]}', /history\[0\] is not an object/],
  'a word as date in the history': ['{"history":[{"created":"x"}]}', /history\[0\]\.created is not a date/],
  'a text as layers': ['{"rootfs":{"diff_ids":"x"}}', /diff_ids is not a list/],
  'layers without digests': ['{"rootfs":{"diff_ids":["x"]}}', /diff_ids\[0\] is not a digest/],
};

describe('the configuration of an image', () => {
  for (const [what, [json, says]] of Object.entries(CONFIGS)) {
    it(`is refused by the member that is wrong: ${what}`, () => {
      assert.throws(() => parseImageConfig(json, 'the config'), { name: 'IntegrityError', message: says });
    });
  }

  it('may leave members out or null, as Go does, and has dates as Go writes them', () => {
    const config = parseImageConfig('{"config":null,"history":null,"created":null,"rootfs":null}', 'x');
    assert.deepEqual(
      [config.os, config.config.env, config.diffIds, config.created],
      ['linux', [], [], undefined],
    );
    for (const created of ['0001-01-01T00:00:00Z', '2026-01-02T03:04:05.123456789+05:30'])
      assert.equal(parseImageConfig(JSON.stringify({ created }), 'x').created, created);
  });

  it('cannot reach the prototype of objects', () => {
    const config = parseImageConfig(
      '{"config":{"__proto__":{"Cmd":["id"]},"Labels":{"__proto__":"x"}}}',
      'x',
    );
    assert.equal(config.config.cmd, undefined);
    assert.equal(({} as Record<string, unknown>)['Cmd'], undefined);
  });
});

describe('a manifest', () => {
  const layer = (more: object): string =>
    JSON.stringify({
      schemaVersion: 2,
      config: { digest: DIGEST, size: 1 },
      layers: [{ digest: DIGEST, size: 1, ...more }],
    });
  for (const [what, json, says] of [
    ['nothing at all', '', /is empty/],
    ['a text', '"x"', /is not an object/],
    ['neither manifest nor index', '{}', /neither an image manifest nor an index/],
    ['a layer that is no object', `{"config":{"digest":"${DIGEST}","size":1},"layers":[1]}`, /not an object/],
    ['a size that is a text', layer({ size: '1' }), /size is not a number/],
    ['a size below nothing', layer({ size: -1 }), /size is not a number/],
    ['a size that is no whole number', layer({ size: 1e300 }), /size is not a number/],
    ['a digest that is a path', layer({ digest: 'sha256:../../../etc/passwd' }), /is not a digest/],
    ['annotations that are no texts', layer({ annotations: { a: 1 } }), /annotations\.a is not a string/],
  ] as const) {
    it(`is refused by the member that is wrong: ${what}`, () => {
      assert.throws(() => parseManifest(json, 'the manifest'), { name: 'IntegrityError', message: says });
    });
  }
});
