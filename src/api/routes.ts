import { compatContainerRoutes } from './compat/container-routes.ts';
import { compatFileRoutes } from './compat/file-routes.ts';
import { compatImageRoutes } from './compat/image-routes.ts';
import { compatObjectRoutes } from './compat/object-routes.ts';
import { compatSystemRoutes } from './compat/system-routes.ts';
import type { Route } from './exchange.ts';
import { libpodContainerRoutes } from './libpod/container-routes.ts';
import { libpodImageRoutes } from './libpod/image-routes.ts';
import { libpodObjectRoutes } from './libpod/object-routes.ts';
import { libpodKubeRoutes } from './libpod/kube-routes.ts';
import { libpodPodRoutes } from './libpod/pod-routes.ts';
import { libpodSystemRoutes } from './libpod/system-routes.ts';
import { pluginRoutes, unsupportedRoutes } from './unsupported.ts';

/** Everything that is served. One table per noun and flavour; a path is written once, the router knows its versions. */
export const routes: readonly Route[] = [
  ...compatSystemRoutes,
  ...libpodSystemRoutes,
  ...libpodContainerRoutes,
  ...libpodImageRoutes,
  ...libpodObjectRoutes,
  ...libpodKubeRoutes,
  ...libpodPodRoutes,
  ...compatContainerRoutes,
  ...compatFileRoutes,
  ...compatImageRoutes,
  ...compatObjectRoutes,
  // Last: whatever is served goes before.
  ...unsupportedRoutes,
  ...pluginRoutes,
];
