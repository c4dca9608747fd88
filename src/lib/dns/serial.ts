const DAY_MS = 86_400_000

/** The day and a number, and in any case more than before: as PowerDNS counts too (SOA-EDIT-API DEFAULT). */
export function nextSerial(before: number, now: Date): number {
  const today = Number(now.toISOString().slice(0, 10).replaceAll('-', '')) * 100 + 1
  return Math.max(before + 1, today)
}

/** Whether exactly one change lies between two serials, wherever on earth the server's day has begun. */
export const isNextSerial = (before: number, after: number, now: Date): boolean =>
  [-1, 0, 1].some((days) => nextSerial(before, new Date(now.getTime() + days * DAY_MS)) === after)
