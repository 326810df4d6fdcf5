// npm run setup [-- test]: only what `npm start` (or `npm test`) installs and builds, without running anything.
import { setUp } from './setup/set-up.mjs';
import { runScript, tell } from './setup/tell.mjs';

await runScript(() => {
  setUp(process.argv[2] === 'test' ? 'test' : 'start');
  tell('everything is installed and built');
  return 0;
});
