import { UsageError } from '../../../base/errors.ts';
import type { FlagValues } from '../../flag.ts';

/** `--annotation KEY=VALUE`. */
export function annotationsIn(flags: FlagValues): Record<string, string> {
  const words = (flags['annotation'] as string[] | undefined) ?? [];
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=');
      if (equals < 1) throw new UsageError(`invalid annotation ${JSON.stringify(word)}: expected KEY=VALUE`);
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

/** What the flags about the platform of an image say. */
export function platformIn(flags: FlagValues): Record<string, string | string[]> {
  const members = {
    os: flags['os'],
    architecture: flags['arch'],
    variant: flags['variant'],
    'os.version': flags['osVersion'],
    'os.features': flags['osFeatures'],
    features: flags['features'],
  };
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && String(value) !== ''),
  ) as Record<string, string | string[]>;
}
