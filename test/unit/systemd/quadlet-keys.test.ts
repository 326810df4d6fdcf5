import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commands } from '../../../src/cli/commands/index.ts';
import {
  CONTAINER_KEYS,
  CONTAINER_OPTIONS,
  IMAGE_KEYS,
  IMAGE_OPTIONS,
  NETWORK_KEYS,
  NETWORK_OPTIONS,
  REFUSED_KEYS,
  VOLUME_KEYS,
} from '../../../src/systemd/quadlet-keys.ts';

describe('the keys of Quadlet files', () => {
  for (const [path, table] of [
    ['run', CONTAINER_OPTIONS],
    ['network create', NETWORK_OPTIONS],
    ['pull', IMAGE_OPTIONS],
  ] as const)
    it(`stand for options that ${path} has`, () => {
      const flags = Object.values(commands.find(({ paths }) => paths.includes(path))?.flags ?? {});
      for (const [key, { option }] of Object.entries(table)) {
        const flag = flags.find(({ long, aliases = [] }) => [long, ...aliases].includes(option.slice(2)));
        assert.ok(flag !== undefined && flag.refused === undefined, `${key}: ${option}`);
      }
    });

  it('are honoured or refused, never both', () => {
    const own = [CONTAINER_KEYS, VOLUME_KEYS, NETWORK_KEYS, IMAGE_KEYS].flat();
    const tables = [CONTAINER_OPTIONS, NETWORK_OPTIONS, IMAGE_OPTIONS].flatMap(Object.keys);
    for (const key of Object.keys(REFUSED_KEYS)) assert.ok(![...own, ...tables].includes(key), key);
  });
});
