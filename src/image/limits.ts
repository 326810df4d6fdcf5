/** The largest manifest or index that is read into memory. */
export const LARGEST_MANIFEST = 4 * 1024 * 1024;
/** The largest image configuration that is read into memory. */
export const LARGEST_CONFIG = 4 * 1024 * 1024;
/** The largest signature, or text that one is for. */
export const LARGEST_SIGNATURE = 4 * 1024 * 1024;
