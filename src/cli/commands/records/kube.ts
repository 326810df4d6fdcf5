import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { imageChoiceFlags } from '../../flags/create-image.ts';

const FILES = { usage: 'KUBEFILE [KUBEFILE...]|-', min: 1, max: Infinity, complete: 'files' } as const;

const force: FlagRecord = {
  long: 'force',
  type: 'bool',
  help: 'Remove volumes of PersistentVolumeClaims, with what is in them, too',
};

const { authfile, certDir, creds, tlsVerify } = imageChoiceFlags;

export const kubeRecords: readonly CommandRecord[] = [
  {
    paths: ['kube play', 'play kube'],
    summary: 'Make pods, volumes and secrets from Kubernetes files',
    description:
      'Takes documents of the kinds Pod, Deployment, DaemonSet, Job, PersistentVolumeClaim, ConfigMap and Secret, from files, standard input (-) or a web address. What a document asks for and cannot be had is refused, by its path in the document.\n\nAn image that is not there and has a directory of its name with a Containerfile is built.',
    examples: [
      'kube play web.yaml',
      'kube play --replace --configmap settings.yaml web.yaml',
      'kube play --publish 8080:80 https://example.com/web.yaml',
      'kube play --wait job.yaml',
    ],
    arguments: FILES,
    flags: {
      annotation: {
        long: 'annotation',
        type: 'stringArray',
        placeholder: 'key=value',
        help: 'Annotation of all pods and volumes; it wins over the one in the file',
      },
      authfile,
      build: {
        long: 'build',
        type: 'bool',
        help: 'Build the images that have a directory even if they are there; --build=false: none',
      },
      certDir,
      configmap: {
        long: 'configmap',
        type: 'stringArray',
        placeholder: 'file',
        help: 'File with ConfigMaps that the documents refer to',
        complete: 'files',
      },
      contextDir: {
        long: 'context-dir',
        type: 'string',
        placeholder: 'directory',
        help: 'Where the directories named after images are, with --build (default: here)',
        complete: 'directories',
      },
      creds,
      down: { long: 'down', type: 'bool', help: 'Same as kube down', hidden: true },
      force: { ...force, help: `${force.help}, with --down` },
      ip: {
        long: 'ip',
        type: 'stringSlice',
        placeholder: 'address',
        help: 'Address of the pod; given several times: of one pod after the other',
      },
      logDriver: {
        long: 'log-driver',
        type: 'string',
        placeholder: 'driver',
        help: 'Log driver of all containers',
        complete: ['k8s-file', 'json-file', 'journald', 'none'],
      },
      logOpt: {
        long: 'log-opt',
        type: 'stringArray',
        placeholder: 'name=value',
        help: 'Option of the log driver',
      },
      macAddress: {
        long: 'mac-address',
        type: 'stringSlice',
        placeholder: 'address',
        help: 'Hardware address of the pod; given several times: of one pod after the other',
      },
      network: {
        long: 'network',
        aliases: ['net'],
        type: 'stringArray',
        placeholder: 'mode',
        help: 'Network of the pods (default podman-default-kube-network, made when missing)',
        complete: 'networks',
      },
      noHostname: {
        long: 'no-hostname',
        type: 'bool',
        help: "Leave the image's /etc/hostname as it is",
      },
      noHosts: { long: 'no-hosts', type: 'bool', help: "Leave the image's /etc/hosts as it is" },
      noPodPrefix: {
        long: 'no-pod-prefix',
        type: 'bool',
        help: "Name containers as the file does, without the pod's name before",
      },
      noTrunc: {
        long: 'no-trunc',
        type: 'bool',
        help: 'Annotations are never cut',
        hidden: true,
        noop: true,
      },
      publish: {
        long: 'publish',
        type: 'stringSlice',
        placeholder: '[[ip:][port]:]port[/protocol]',
        help: 'Publish a port of the pods; it wins over the one in the file',
      },
      publishAll: {
        long: 'publish-all',
        type: 'bool',
        help: 'Publish ports without a hostPort, too, under their own numbers',
      },
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: 'Show no progress of pulls and builds' },
      replace: {
        long: 'replace',
        type: 'bool',
        help: 'Remove what an earlier play of the file has made first',
      },
      seccompProfileRoot: {
        long: 'seccomp-profile-root',
        type: 'string',
        placeholder: 'directory',
        default: '/var/lib/kubelet/seccomp',
        help: 'Directory of seccomp profiles that files name',
        complete: 'directories',
      },
      start: { long: 'start', type: 'bool', default: true, help: 'Start the pods' },
      tlsVerify,
      userns: { long: 'userns', type: 'string', placeholder: 'mode', help: 'User namespace of the pods' },
      wait: {
        long: 'wait',
        short: 'w',
        type: 'bool',
        help: 'Wait for the pods to end, or for ctrl+c, and remove everything, volumes too',
      },
      serviceContainer: {
        long: 'service-container',
        type: 'bool',
        help: "The first pod's infra container stands for the service that plays, as Quadlet's does",
        hidden: true,
      },
      serviceExitCodePropagation: {
        long: 'service-exit-code-propagation',
        type: 'string',
        help: 'For services',
        refused: '`kube down` takes it: there the exit codes are known',
      },
      signaturePolicy: {
        long: 'signature-policy',
        type: 'string',
        help: 'For tests of podman',
        refused: 'signatures are checked by policy.json',
      },
    },
    load: () => import('../kube/play.ts'),
  },
  {
    paths: ['kube down'],
    summary: 'Remove what kube play has made of Kubernetes files',
    description: 'Pods and secrets that the documents name are removed; volumes stay, unless forced.',
    examples: ['kube down web.yaml', 'kube down --force web.yaml'],
    arguments: FILES,
    flags: {
      force,
      serviceExitCodePropagation: {
        long: 'service-exit-code-propagation',
        type: 'string',
        placeholder: 'how',
        help: 'Exit with 1 if any or all containers of pods that had ended have failed, as the services of Quadlet do',
        hidden: true,
        complete: ['all', 'any', 'none'],
      },
    },
    load: () => import('../kube/down.ts'),
  },
  {
    paths: ['kube generate', 'generate kube'],
    summary: 'Write Kubernetes files of pods, containers and volumes',
    description:
      'Containers that are named together become one pod. What the image says anyway is left out; what Kubernetes has no words for is told.',
    examples: [
      'kube generate shop > shop.yaml',
      'kube generate --service --filename shop.yaml shop',
      'kube generate --type deployment --replicas 3 web',
    ],
    arguments: {
      usage: 'CONTAINER|POD|VOLUME [...]',
      min: 1,
      max: Infinity,
      complete: ['containers', 'pods', 'volumes'],
    },
    flags: {
      filename: {
        long: 'filename',
        short: 'f',
        type: 'string',
        placeholder: 'file',
        help: 'Write to this file, which must not be there yet',
        complete: 'files',
      },
      noTrunc: {
        long: 'no-trunc',
        type: 'bool',
        help: 'Annotations are never cut',
        hidden: true,
        noop: true,
      },
      podmanOnly: {
        long: 'podman-only',
        type: 'bool',
        help: 'With annotations that Kubernetes does not understand',
      },
      replicas: {
        long: 'replicas',
        short: 'r',
        type: 'int',
        placeholder: 'count',
        default: 1,
        help: 'How many pods a deployment is to have in a cluster',
      },
      service: { long: 'service', short: 's', type: 'bool', help: 'With a service for the published ports' },
      type: {
        long: 'type',
        short: 't',
        type: 'string',
        placeholder: 'kind',
        help: 'pod, deployment, daemonset or job (default pod, or kube_generate_type of containers.conf)',
        complete: ['pod', 'deployment', 'daemonset', 'job'],
      },
    },
    load: () => import('../kube/generate.ts'),
  },
];
