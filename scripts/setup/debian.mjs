import { readCommand } from './run-command.mjs';

/** The Debian whose packages tests use beside those of this system: the guest is one, and its CRIU knows newer kernels. */
export const DEBIAN_RELEASE = 'trixie';

/** Where this system gets its own packages, or what TSPOD_VM_MIRROR names; undefined on another system than Debian without that. */
export function debianMirror() {
  const named = process.env.TSPOD_VM_MIRROR;
  if (named !== undefined) return named;
  const { ok, stdout } = readCommand('apt-get', ['indextargets', '--format', '$(LABEL) $(REPO_URI)']);
  return ok ? /^Debian (\S+?)\/?$/m.exec(stdout)?.[1] : undefined;
}
