import type { Build } from './build.ts';
import { isProxyArg } from './stage-scope.ts';

/** The caller's proxies for RUN: seen by commands, never kept. */
export function proxyVariables({ options, plan }: Build): string[] {
  const own = options.run.httpProxy ? Object.entries(process.env) : [];
  const all = new Map([...own, ...plan.globals.buildArgs].filter(([name]) => isProxyArg(name)));
  return [...all].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}
