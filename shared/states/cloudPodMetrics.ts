/** How far back the figures of a pod go. */
export const TIMEFRAMES = ['hour', 'day', 'week', 'month', 'year'] as const
export type Timeframe = (typeof TIMEFRAMES)[number]
