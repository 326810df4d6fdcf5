import { NotFoundError } from '../../base/errors.ts';
import { createPod } from '../../engine/pods.ts';
import type { Handler } from '../exchange.ts';
import { readJson } from '../read-body.ts';
import { sendJson } from '../respond.ts';
import { podFromSpec } from './pod-body.ts';

export const create: Handler = async (exchange) => {
  const request = podFromSpec(await readJson(exchange));
  const { id } = await createPod(exchange.engine, request, {
    pull: (name) => {
      throw new NotFoundError('image', name, { message: `No such image: ${name}` });
    },
    warn: () => undefined,
  });
  sendJson(exchange, 201, { Id: id });
};
