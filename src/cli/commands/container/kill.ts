import { parseSignal } from '../../../base/signals.ts';
import { killContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const signal = parseSignal(String(input.flags['signal'] ?? 'KILL'));
  const engine = openEngine();
  return await forEachContainer(engine, input, (record) => killContainer(engine, record.id, signal), {
    all: (record) => record.state === 'running',
    evenDamaged: true,
  });
};
