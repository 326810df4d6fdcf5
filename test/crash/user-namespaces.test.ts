import { testCrashes } from '../fixtures/crash-operation.ts';
import { USER_NAMESPACES } from './operations/user-namespaces.ts';

testCrashes(USER_NAMESPACES);
