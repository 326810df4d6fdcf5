import { inspectDistribution } from '../../engine/distribution.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { credentialsIn } from './registry-auth.ts';

export const distributionHandler: Handler = async (exchange) => {
  const { engine, params, signal } = exchange;
  const options = { credentials: credentialsIn(exchange), signal };
  const { descriptor, platforms } = await inspectDistribution(engine, params['name'] ?? '', options);
  sendJson(exchange, 200, { Descriptor: descriptor, Platforms: platforms });
};
