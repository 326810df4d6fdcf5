import { testCrashes } from '../fixtures/crash-operation.ts';
import { PODS } from './operations/pods.ts';

testCrashes(PODS);
