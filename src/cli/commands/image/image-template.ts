import { asTemplateData } from '../../output/inspected-data.ts';
import { type GoObject, isObject } from '../../output/template/go-value.ts';

/**
 * The document as templates see it: members of Config that JSON leaves out when they are empty are there all the same, as Go's
 * zero values, so that `{{.Config.Entrypoint}}` works for an image that has none.
 */
export function imageTemplateData(document: GoObject): GoObject {
  const given = isObject(document['Config']) ? document['Config'] : {};
  const data = asTemplateData({ Healthcheck: null, ...document, Config: { ...EMPTY_CONFIG, ...given } });
  hide(data, Object.hasOwn(document, 'Healthcheck') ? [] : ['Healthcheck']);
  const config = data['Config'];
  if (isObject(config))
    hide(
      config,
      Object.keys(EMPTY_CONFIG).filter((name) => !Object.hasOwn(given, name)),
    );
  Object.defineProperty(data, 'HealthCheck', { value: data['Healthcheck'] });
  return data;
}

/** `Healthcheck` is where docker has it. */
const EMPTY_CONFIG = {
  User: '',
  ExposedPorts: null,
  Env: [],
  Entrypoint: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: '',
  Labels: null,
  StopSignal: '',
  OnBuild: null,
  Healthcheck: null,
};

/** Not enumerable: `{{json .}}` does not show them. */
function hide(object: GoObject, names: readonly string[]): void {
  for (const name of names) Object.defineProperty(object, name, { enumerable: false });
}
