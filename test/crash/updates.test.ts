import { testCrashes } from '../fixtures/crash-operation.ts';
import { UPDATES } from './operations/updates.ts';

testCrashes(UPDATES);
