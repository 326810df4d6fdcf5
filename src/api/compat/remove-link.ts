import { NotFoundError } from '../../base/errors.ts';
import { removeLink } from '../../engine/container-links.ts';
import type { Handler } from '../exchange.ts';
import { sendEmpty } from '../respond.ts';

/** `rm --link OWNER/ALIAS`; without `link` there is no container of such a name. */
export const removeLinkHandler: Handler = async (exchange) => {
  const { owner = '', alias = '' } = exchange.params;
  const name = `${owner}/${alias}`;
  if (!exchange.query.flag('link'))
    throw new NotFoundError('container', name, { message: `No such container: ${name}` });
  await removeLink(exchange.engine, name);
  sendEmpty(exchange, 204);
};
