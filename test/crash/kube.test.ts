import { testCrashes } from '../fixtures/crash-operation.ts';
import { KUBE } from './operations/kube.ts';

testCrashes(KUBE);
