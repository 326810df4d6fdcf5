import { UsageError } from '../../base/errors.ts';
import type { Query } from '../query.ts';

/** One that newer requests name as a JSON document: in the words of --platform. Undefined when absent. */
export function platformIn(query: Query): string | undefined {
  return platformOf('platform', query.text('platform'));
}

/** Several, in one JSON list or in parameters of the same name. */
export function platformsIn(query: Query): string[] {
  return query.all('platforms').flatMap((text) => {
    const document = text.trimStart().startsWith('[') ? parse('platforms', text) : [text];
    if (!Array.isArray(document)) throw new UsageError('invalid parameter platforms: must be a list');
    return document.flatMap((each: unknown) => {
      const text = typeof each === 'object' ? JSON.stringify(each) : each;
      if (typeof text !== 'string')
        throw new UsageError('invalid parameter platforms: must be a list of platforms');
      return platformOf('platforms', text) ?? [];
    });
  });
}

function platformOf(name: string, text: string | undefined): string | undefined {
  // As older requests have it, which some clients write here, too.
  if (text === undefined || /^[\w/.-]+$/.test(text)) return text;
  const document = parse(name, text);
  const { os, architecture, variant } = (document ?? {}) as Record<string, unknown>;
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '' || architecture === '')
    throw new UsageError(
      `invalid parameter ${name}: ${JSON.stringify(text)} has not the members os and architecture`,
    );
  if (variant !== undefined && typeof variant !== 'string')
    throw new UsageError(`invalid parameter ${name}: variant is not a string`);
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `invalid parameter ${name}: ${JSON.stringify(text)} is neither a JSON document nor os/architecture`,
      { cause: error },
    );
  }
}
