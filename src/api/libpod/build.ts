import { runBuild } from '../compat/build.ts';
import type { Handler } from '../exchange.ts';
import { libpodBuildOptionsIn } from './build-options.ts';

export const buildHandler: Handler = (exchange) => runBuild(exchange, libpodBuildOptionsIn(exchange));
