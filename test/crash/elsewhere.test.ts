import { testCrashes } from '../fixtures/crash-operation.ts';
import { ELSEWHERE } from './operations/elsewhere.ts';

testCrashes(ELSEWHERE);
