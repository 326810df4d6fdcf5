import { readBuildInfo } from '../../base/build-info.ts';
import { dockerInfo } from '../../engine/docker-info.ts';
import { systemInfo } from '../../engine/system-info.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';

export const info: Handler = async (exchange) => {
  sendJson(exchange, 200, dockerInfo(await systemInfo(exchange.engine), readBuildInfo().version));
};
