import { UsageError } from '../../../base/errors.ts';
import { removeContainer, stopForRemoval } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { ENDED_AT_ONCE, forEachContainer } from './for-each-container.ts';
import { stopTimeout } from './stop-timeout.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  if (input.flags['link'] === true)
    return await (await import('./remove-links.ts')).removeLinks(engine, input);
  const force = input.flags['force'] === true;
  if (input.flags['time'] !== undefined && !force)
    throw new UsageError('--force option must be specified to use the --time option');
  // docker's `rm -f` kills at once, podman's stops first.
  const timeout = stopTimeout(input.flags['time']) ?? (input.asDocker ? 0 : undefined);
  const withPods = input.flags['depend'] === true || input.flags['all'] === true;
  return await forEachContainer(
    engine,
    input,
    async (record, turn) => {
      // What depends on each other is removed in the order given; ending takes long, and needs none.
      if (force && record.podId === undefined)
        await stopForRemoval(engine, record.id, { stopTimeout: timeout });
      await turn;
      if (withPods && record.podId !== undefined && record.spec.podRole === 'infra') {
        const { removePod } = await import('../../../engine/pods.ts');
        return await removePod(engine, record.podId, {
          force,
          ...(timeout === undefined ? {} : { stopTimeout: timeout }),
        });
      }
      await removeContainer(engine, record.id, {
        force,
        volumes: input.flags['volumes'] === true,
        dependents: input.flags['depend'] === true,
        ...(timeout === undefined ? {} : { stopTimeout: timeout }),
      });
    },
    {
      ignoreMissing: force || input.flags['ignore'] === true,
      tellMissing: input.asDocker,
      evenDamaged: true,
      dependentsFirst: true,
      ...(force ? { atOnce: ENDED_AT_ONCE } : {}),
    },
  );
};
