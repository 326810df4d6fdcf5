import { NotFoundError } from '../../base/errors.ts';
import type { CommandInput } from '../command.ts';
import { printMessage } from '../report-error.ts';
import { print } from './print.ts';
import { type GoObject, toJson } from './template/go-value.ts';

const INDENT = '     ';
const DOCKER_INDENT = '    ';
const EXIT_NOT_ALL_FOUND = 125;
const EXIT_OF_DOCKER = 1;

export interface DocumentSource {
  /** Throws NotFoundError. */
  find: (name: string) => Promise<GoObject>;
  /** The document as a template sees it. */
  templateData: (document: GoObject) => GoObject | Promise<GoObject>;
}

/**
 * Prints the documents of `names`: an array of JSON, or a template's output for each. What is not there is reported on stderr
 * after the array of what is; the exit code tells.
 */
export async function printInspected(
  names: readonly string[],
  { flags, asDocker }: Pick<CommandInput, 'flags' | 'asDocker'>,
  source: DocumentSource | DocumentSource['find'],
): Promise<number> {
  const find = typeof source === 'function' ? source : source.find;
  const format = flags['format'];
  const found: GoObject[] = [];
  const missing: NotFoundError[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      missing.push(error);
    }
  }
  if (format === undefined || format === '' || format === 'json') {
    print(`${toJson(found, asDocker ? DOCKER_INDENT : INDENT)}\n`);
  } else {
    // Most ask for all of it as JSON, and wait for no reader of templates.
    const [{ formatObject }, { asTemplateData }] = await Promise.all([
      import('./format-rows.ts'),
      import('./inspected-data.ts'),
    ]);
    const templateData = typeof source === 'function' ? asTemplateData : source.templateData;
    for (const document of found)
      print(formatObject(await templateData(document), String(format), 'inspect'));
  }
  for (const error of missing) printMessage(error);
  if (missing.length === 0) return 0;
  return asDocker ? EXIT_OF_DOCKER : EXIT_NOT_ALL_FOUND;
}
