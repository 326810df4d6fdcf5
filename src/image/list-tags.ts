import { RegistryError } from '../base/errors.ts';
import { readText } from './bounded-body.ts';
import type { RegistryClient } from './registry-client.ts';

const LARGEST_PAGE = 16 * 1024 * 1024;
const MOST_PAGES = 1000;

/** All tags of the client's repository; follows the pages. */
export async function listTags(client: RegistryClient, signal: AbortSignal | undefined): Promise<string[]> {
  const what = `listing the tags of ${client.endpoint.host}/${client.endpoint.path}`;
  const tags: string[] = [];
  let target: string | URL = 'tags/list';
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await client.send({ target, accept: [200], what, signal });
    tags.push(...parseTags(await readText(answer.body, LARGEST_PAGE, what), what));
    const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(answer.headers['link'] ?? ''))?.[1];
    if (next === undefined) return tags;
    target = new URL(next, answer.url);
  }
  throw new RegistryError(`${what}: the list does not end`);
}

function parseTags(text: string, what: string): string[] {
  let tags: unknown;
  try {
    tags = (JSON.parse(text) as { tags?: unknown }).tags ?? [];
  } catch {
    throw new RegistryError(`${what}: the answer is not valid JSON`);
  }
  if (!Array.isArray(tags)) throw new RegistryError(`${what}: the answer has no list`);
  return tags.filter((tag): tag is string => typeof tag === 'string');
}
