import { testCrashes } from '../fixtures/crash-operation.ts';
import { CHECKPOINTS } from './operations/checkpoints.ts';

testCrashes(CHECKPOINTS);
