import type { PlayPlan } from '../../../src/kube/plan.ts';
import { type PlanContext, readPlan } from '../../../src/kube/read-plan.ts';

/** Volumes without a name of their own are called `volume1`, `volume2`, … */
export function planOf(
  text: string,
  given: Partial<PlanContext> = {},
): { plan: PlayPlan; warnings: string[] } {
  let volumes = 0;
  return readPlan(text, {
    selinux: true,
    newId: () => {
      volumes += 1;
      return `volume${volumes}`;
    },
    seccompRoot: '/profiles',
    publishAll: false,
    noPodPrefix: false,
    annotations: {},
    labels: {},
    configMapTexts: [],
    keptSecretKeys: () => undefined,
    ...given,
  });
}

/** A pod of one container; the lines stand in the container's or in the pod's spec. */
export function podText(container: string, pod = ''): string {
  const indented = (text: string, by: string): string => (text === '' ? '' : `\n${text.replace(/^/gm, by)}`);
  return `kind: Pod\nmetadata: {name: web}\nspec:${indented(pod, '  ')}\n  containers:\n  - name: main\n    image: img:1${indented(container, '    ')}\n`;
}

export function mainOf(text: string, given: Partial<PlanContext> = {}) {
  const [pod] = planOf(text, given).plan.pods;
  const main = pod?.containers.find(({ name }) => name === 'main');
  if (pod === undefined || main === undefined) throw new Error('there is no such container');
  return { pod, main, options: main.request.options, extras: main.request.extras };
}
