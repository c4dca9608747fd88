/** What an x86-64 processor can do at least, as the psABI for x86-64 numbers it; each level includes the ones before it. */
export const CPU_LEVELS = ['x86-64-v1', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'] as const
export type CpuLevel = (typeof CPU_LEVELS)[number]

/** Whether a processor of one level runs what needs another. */
export const reaches = (has: CpuLevel, needs: CpuLevel): boolean =>
  CPU_LEVELS.indexOf(has) >= CPU_LEVELS.indexOf(needs)
