import { NotFoundError } from '../../base/errors.ts';
import { createContainer as create } from '../../engine/containers.ts';
import type { Handler } from '../exchange.ts';
import { readJson } from '../read-body.ts';
import { sendJson } from '../respond.ts';
import { requestFromSpec } from './create-body.ts';

export const createContainer: Handler = async (exchange) => {
  const { request, createCommand } = requestFromSpec(await readJson(exchange));
  // The client has pulled what it wants.
  request.options.pull = 'missing';
  const warnings: string[] = [];
  const hooks = {
    pull: () => {
      throw new NotFoundError('image', request.image, { message: `No such image: ${request.image}` });
    },
    warn: (message: string) => void warnings.push(message),
  };
  const record = await create(exchange.engine, request, hooks, { createCommand, keepOwner: false });
  sendJson(exchange, 201, { Id: record.id, Warnings: warnings });
};
