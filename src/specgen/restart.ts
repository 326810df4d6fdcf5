import { InvalidSpecError } from '../base/errors.ts';
import type { RestartPolicy } from './container-spec.ts';

const NAMES = ['no', 'always', 'on-failure', 'unless-stopped'] as const;

/** `no`, `always`, `unless-stopped`, `on-failure[:N]`; '' counts as no. */
export function parseRestart(text: string | undefined): RestartPolicy {
  if (text === undefined || text === '' || text === 'never') return { name: 'no', maximumRetryCount: 0 };
  const [word = '', retries, ...more] = text.split(':');
  const name = NAMES.find((known) => known === word);
  if (name === undefined || more.length > 0)
    throw new InvalidSpecError(`"${text}" is not a valid restart policy`, {
      hint: `choose from ${NAMES.join(', ')}; on-failure:N tries N times`,
    });
  if (retries === undefined) return { name, maximumRetryCount: 0 };
  if (name !== 'on-failure')
    throw new InvalidSpecError('restart policy retries can only be specified with on-failure restart policy');
  if (!/^\d{1,9}$/.test(retries))
    throw new InvalidSpecError(`restart policy retry count "${retries}" must be a non-negative number`);
  return { name, maximumRetryCount: Number(retries) };
}
