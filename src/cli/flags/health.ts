import type { FlagRecord } from '../flag.ts';

/** The health check of a container. */
export const healthFlags = {
  healthCmd: {
    long: 'health-cmd',
    aliases: ['healthcheck-command'],
    type: 'string',
    placeholder: 'command',
    help: 'Command that tells whether the container is healthy, or none',
  },
  healthInterval: {
    long: 'health-interval',
    aliases: ['healthcheck-interval'],
    type: 'duration',
    placeholder: 'time',
    help: 'Time between two checks, or disable to check only on demand',
  },
  healthLogDestination: {
    long: 'health-log-destination',
    type: 'string',
    placeholder: 'where',
    help: 'Where the log of the checks is kept: local, events_logger or a directory',
  },
  healthMaxLogCount: {
    long: 'health-max-log-count',
    type: 'uint',
    placeholder: 'count',
    help: 'So many checks are kept in the log, 0 for all',
  },
  healthMaxLogSize: {
    long: 'health-max-log-size',
    type: 'uint',
    placeholder: 'bytes',
    help: "So much of a check's output is kept, 0 for all",
  },
  healthOnFailure: {
    long: 'health-on-failure',
    type: 'string',
    placeholder: 'action',
    help: 'What to do with it when it becomes unhealthy: none, kill, restart or stop',
    complete: ['none', 'kill', 'restart', 'stop'],
  },
  healthRetries: {
    long: 'health-retries',
    aliases: ['healthcheck-retries'],
    type: 'uint',
    placeholder: 'count',
    help: 'So many failures in a row make it unhealthy',
  },
  healthStartInterval: {
    long: 'health-start-interval',
    type: 'duration',
    placeholder: 'time',
    help: 'Time between two checks during the start period',
  },
  healthStartPeriod: {
    long: 'health-start-period',
    aliases: ['healthcheck-start-period'],
    type: 'duration',
    placeholder: 'time',
    help: 'Time after the start in which failures do not count',
  },
  healthStartupCmd: {
    long: 'health-startup-cmd',
    type: 'string',
    placeholder: 'command',
    help: 'Check that has to succeed before the health check begins',
  },
  healthStartupInterval: {
    long: 'health-startup-interval',
    type: 'duration',
    placeholder: 'time',
    help: 'Time between two of these checks',
  },
  healthStartupRetries: {
    long: 'health-startup-retries',
    type: 'uint',
    placeholder: 'count',
    help: 'So many of their failures start the container again, 0 for none',
  },
  healthStartupSuccess: {
    long: 'health-startup-success',
    type: 'uint',
    placeholder: 'count',
    help: 'So many of their successes in a row are needed',
  },
  healthStartupTimeout: {
    long: 'health-startup-timeout',
    type: 'duration',
    placeholder: 'time',
    help: 'One that takes longer has failed',
  },
  healthTimeout: {
    long: 'health-timeout',
    aliases: ['healthcheck-timeout'],
    type: 'duration',
    placeholder: 'time',
    help: 'A check that takes longer has failed',
  },
  noHealthcheck: {
    long: 'no-healthcheck',
    type: 'bool',
    help: "Do without the image's health check",
  },
} as const satisfies Record<string, FlagRecord>;

const { healthStartInterval: _, ...changeable } = healthFlags;

/** What `update` can change of it. */
export const updatedHealthFlags = changeable;
