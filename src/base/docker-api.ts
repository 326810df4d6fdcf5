/** The Docker API that the service speaks: 1.24 to 1.51. */
export const NEWEST_MINOR = 51;
export const MIN_MINOR = 24;
