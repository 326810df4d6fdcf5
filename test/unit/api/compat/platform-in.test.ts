import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { platformIn, platformsIn } from '../../../../src/api/compat/platform-in.ts';
import { Query } from '../../../../src/api/query.ts';

const query = (name: string, ...values: string[]): Query =>
  new Query(new URLSearchParams(values.map((value) => [name, value])).toString());

describe('platforms in requests', () => {
  test('are a JSON document or words', () => {
    assert.equal(platformIn(query('platform')), undefined);
    assert.equal(platformIn(query('platform', 'linux/arm64')), 'linux/arm64');
    assert.equal(platformIn(query('platform', '{"os":"linux","architecture":"arm64"}')), 'linux/arm64');
    assert.equal(
      platformIn(query('platform', '{"os":"linux","architecture":"arm","variant":"v7"}')),
      'linux/arm/v7',
    );
  });

  test('come as one list or one by one', () => {
    const [arm, amd] = ['{"os":"linux","architecture":"arm64"}', '{"os":"linux","architecture":"amd64"}'];
    assert.deepEqual(platformsIn(query('platforms')), []);
    assert.deepEqual(platformsIn(query('platforms', `[${arm},${amd}]`)), ['linux/arm64', 'linux/amd64']);
    assert.deepEqual(platformsIn(query('platforms', arm, amd)), ['linux/arm64', 'linux/amd64']);
  });

  test('are refused when they are none', () => {
    for (const text of ['{', '[]', '{"os":"linux"}', '{"os":"linux","architecture":3}'])
      assert.throws(() => platformIn(query('platform', text)), /UsageError: invalid parameter platform: /);
    assert.throws(() => platformsIn(query('platforms', '[3]')), /invalid parameter platforms: /);
  });
});
