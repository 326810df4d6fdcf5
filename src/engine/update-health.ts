import { InvalidSpecError } from '../base/errors.ts';
import { type ContainerSpec, DEFAULT_HEALTH } from '../specgen/container-spec.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import { healthcheckFromOptions, healthFromOptions } from '../specgen/healthcheck.ts';

export type HealthRequest = Pick<
  CreateOptions,
  | 'healthCmd'
  | 'healthInterval'
  | 'healthLogDestination'
  | 'healthMaxLogCount'
  | 'healthMaxLogSize'
  | 'healthOnFailure'
  | 'healthRetries'
  | 'healthStartPeriod'
  | 'healthStartupCmd'
  | 'healthStartupInterval'
  | 'healthStartupRetries'
  | 'healthStartupSuccess'
  | 'healthStartupTimeout'
  | 'healthTimeout'
  | 'noHealthcheck'
>;

const isHealth = (key: string): key is keyof HealthRequest =>
  key === 'noHealthcheck' || /^health[A-Z]/.test(key);

/** Takes the members about health out of a request. */
export function splitHealth<Request extends HealthRequest>(
  request: Request,
): { health: HealthRequest; rest: Omit<Request, keyof HealthRequest> } {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return {
    health: Object.fromEntries(given.filter(([key]) => isHealth(key))),
    rest: Object.fromEntries(given.filter(([key]) => !isHealth(key))) as Omit<Request, keyof HealthRequest>,
  };
}

/** The check with what was asked for changed; what was not is as it was. */
export function updatedHealth(
  spec: ContainerSpec,
  request: HealthRequest,
  cwd: string,
): Pick<ContainerSpec, 'healthcheck' | 'health'> {
  if (Object.keys(request).length === 0)
    return {
      healthcheck: spec.healthcheck,
      ...(spec.health === undefined ? {} : { health: spec.health }),
    };
  if (request.noHealthcheck) {
    if (Object.keys(request).length > 1)
      throw new InvalidSpecError('cannot specify --no-healthcheck together with other flags about health');
    return { healthcheck: { test: ['NONE'] } };
  }
  const old = spec.healthcheck?.test[0] === 'NONE' ? undefined : spec.healthcheck;
  const healthcheck = healthcheckFromOptions(request, old);
  if (healthcheck === undefined)
    throw new InvalidSpecError(`container ${spec.name} has no health check to change`, {
      hint: 'give it one with --health-cmd',
    });
  const health = healthFromOptions({ ...surroundingsOf(spec), ...request }, cwd);
  if (health?.onFailure === 'restart' && spec.restart.name !== 'no')
    throw new InvalidSpecError('cannot set on-failure action to restart when --restart is set as well');
  return { healthcheck, ...(health === undefined ? {} : { health }) };
}

/** As it would have been given. */
function surroundingsOf({ health = DEFAULT_HEALTH }: ContainerSpec): HealthRequest {
  const { onFailure, logDestination, maxLogCount, maxLogSize, startup } = health;
  return {
    healthOnFailure: onFailure,
    healthLogDestination: logDestination,
    healthMaxLogCount: maxLogCount,
    healthMaxLogSize: maxLogSize,
    ...(startup === undefined
      ? {}
      : {
          healthStartupCmd: JSON.stringify(startup.test),
          healthStartupInterval: `${startup.interval}ns`,
          healthStartupTimeout: `${startup.timeout}ns`,
          healthStartupRetries: startup.retries,
          healthStartupSuccess: startup.success,
        }),
  };
}
