import { UsageError } from '../../../base/errors.ts';
import { updateContainer, type UpdateRequest } from '../../../engine/update-container.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';
import { withoutEmpty } from './create-request.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { latest: _, ...request } = withoutEmpty(input.flags);
  if (Object.values(request).every((value) => value === undefined))
    throw new UsageError('you must provide one or more options: there is nothing to change');
  const engine = openEngine();
  return await forEachContainer(engine, input, (record) =>
    // The keys of the flags are those of the options.
    updateContainer(engine, record, request as UpdateRequest),
  );
};
