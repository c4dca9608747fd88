/** How far back figures are asked for; the cluster keeps older ones more coarsely. */
export type Timeframe = 'hour' | 'day' | 'week' | 'month' | 'year'

/** What was measured of a guest around a moment. Null: nothing, and never 0. */
export type MetricPoint = {
  at: Date
  /** Of all its cores, 0 to 1. */
  cpuShare: number | null
  memoryBytes: number | null
  diskReadBytesPerSecond: number | null
  diskWriteBytesPerSecond: number | null
  /** To the guest. */
  netInBytesPerSecond: number | null
  /** From the guest. */
  netOutBytesPerSecond: number | null
}
