import { writeFileSync } from 'node:fs';
import {
  AlreadyExistsError,
  errnoOf,
  InvalidSpecError,
  messageOf,
  UsageError,
} from '../../../base/errors.ts';
import { generateKube, WORKLOAD_KINDS } from '../../../engine/generate-kube.ts';
import type { CommandHandler } from '../../command.ts';
import { print, printError } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const engine = openEngine();
  const word = (flags['type'] as string | undefined) || engine.config.engine.kubeGenerateType || 'pod';
  const type = WORKLOAD_KINDS.find((each) => each === word);
  if (type === undefined)
    throw new UsageError(`unknown type ${JSON.stringify(word)}: choose ${WORKLOAD_KINDS.join(', ')}`);
  const text = await generateKube(engine, args, {
    type,
    replicas: flags['replicas'] as number,
    service: flags['service'] === true,
    podmanOnly: flags['podmanOnly'] === true,
    warn: (message) => printError(`WARNING: ${message}`),
  });
  const file = flags['filename'];
  if (typeof file === 'string' && file !== '') write(file, text);
  else print(text);
  return 0;
};

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST')
      throw new AlreadyExistsError(`cannot write to ${JSON.stringify(file)}; file exists`);
    throw new InvalidSpecError(`cannot write to ${file}: ${messageOf(error)}`, { cause: error });
  }
}
