export { MIN_MINOR, NEWEST_MINOR } from '../base/docker-api.ts';

/** The libpod API whose shapes are served. */
export const LIBPOD_VERSION = '5.8.2';
/** The oldest podman whose remote client is understood. */
export const MIN_LIBPOD_VERSION = '4.0.0';
