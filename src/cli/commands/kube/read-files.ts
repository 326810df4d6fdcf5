import { readFileSync } from 'node:fs';
import { InvalidSpecError, messageOf, NotFoundError, errnoOf } from '../../../base/errors.ts';

const LARGEST = 8 * 1024 * 1024;

/** Files, web addresses or `-`, as one stream of documents. */
export async function readKubeFiles(names: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const name of names) texts.push(/^https?:\/\//.test(name) ? await fetchText(name) : readFile(name));
  return texts.join('\n---\n');
}

export function readFile(name: string): string {
  try {
    return readFileSync(name === '-' ? 0 : name, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw new NotFoundError('file', name, { message: `cannot read ${name}: no such file or directory` });
    throw new InvalidSpecError(`cannot read ${name}: ${messageOf(error)}`, { cause: error });
  }
}

async function fetchText(url: string): Promise<string> {
  const { downloadWhole } = await import('../../../engine/download.ts');
  return (await downloadWhole(url, LARGEST)).toString('utf8');
}
