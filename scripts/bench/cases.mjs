import { apiCase } from './api-cases.mjs';
import { buildCase } from './build-cases.mjs';
import { execCase, parallelCase, psCase, runCases, startUpCase } from './container-cases.mjs';
import { archiveCases, largeLayerCase, pullCase, pushCase, removeCase } from './image-cases.mjs';
import { manyCases, startCase } from './many-cases.mjs';
import { manyImagesCase } from './many-images.mjs';
import { monitorMemoryCase } from './memory-cases.mjs';
import { healthCase, logCases, statsStreamCase } from './running-cases.mjs';

/**
 * In the order in which they run. Each returns rows: { what, podman, tspod, unit, budget }, budget being the greatest ratio of
 * tspod to podman that we accept, or limit, the greatest figure; with neither the row is for information. `onDisk`: with the engines whose stores are on the disk.
 */
export const CASES = [
  { name: 'start-up', run: startUpCase },
  { name: 'run', run: runCases, onDisk: true },
  { name: 'exec', run: execCase, onDisk: true },
  { name: 'start', run: startCase, onDisk: true },
  { name: 'many', run: manyCases, onDisk: true },
  { name: 'stats', run: statsStreamCase, onDisk: true },
  { name: 'health', run: healthCase, onDisk: true },
  { name: 'log', run: logCases, onDisk: true },
  { name: 'parallel', run: parallelCase, onDisk: true },
  { name: 'memory', run: monitorMemoryCase },
  { name: 'pull', run: pullCase },
  { name: 'pull-large', run: largeLayerCase },
  { name: 'archive', run: archiveCases },
  { name: 'push', run: pushCase },
  { name: 'rmi', run: removeCase },
  { name: 'images', run: manyImagesCase },
  { name: 'build', run: buildCase },
  { name: 'api', run: apiCase, onDisk: true },
  { name: 'ps', run: psCase, onDisk: true },
];
