/**
 * What happens to a pod whose plan's traffic of the month is used up. `none`: it is counted and shown. `notify`: an event
 * at 80 and at 100 percent. `throttle`: these events, and its card is slow until the month ends or more is included.
 */
export const OVER_LIMIT = ['none', 'notify', 'throttle'] as const
export type OverLimit = (typeof OVER_LIMIT)[number]

/** Of a plan's traffic; networks count by 1000. */
export const BYTES_OF_GB = 1_000_000_000
