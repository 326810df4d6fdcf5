import { testCrashes } from '../fixtures/crash-operation.ts';
import { NETWORKS } from './operations/networks.ts';

testCrashes(NETWORKS);
