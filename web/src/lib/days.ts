import { nowMs } from './now.ts'

const day = (at: Date): string => at.toISOString().slice(0, 10)

/** From the first day of the month this many months ago until today, by UTC. */
export function lastMonths(months: number): { from: string; to: string } {
  const now = new Date(nowMs())
  return { from: day(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1))), to: day(now) }
}
