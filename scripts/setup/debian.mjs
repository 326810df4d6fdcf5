/** The Debian whose packages tests use beside those of this system: the guest is one, and its CRIU knows newer kernels. */
export const DEBIAN_RELEASE = 'trixie';
export const DEBIAN_MIRROR = process.env.TSPOD_VM_MIRROR ?? 'http://deb.debian.org/debian';
