const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

export type Life = { notBefore: Date; notAfter: Date }
export type AriWindow = { start: Date; end: Date }

/** Below this part of its life a certificate is renewed, whatever its CA suggests. */
const LAST_PART = 0.05

/** When it is renewed by its life alone: at two thirds; of a life below ten days, at a half. A little later or earlier by chance. */
export function renewalByLife({ notBefore, notAfter }: Life, random: () => number = Math.random): Date {
  const life = notAfter.getTime() - notBefore.getTime()
  const part = life < 10 * DAY_MS ? 1 / 2 : 2 / 3
  return new Date(notBefore.getTime() + life * (part + (random() - 0.5) * 0.02))
}

/**
 * When it is renewed: at a moment of the CA's window that is chosen once and kept as long as the window is the same; by its
 * life where the CA suggests nothing; and never later than with a twentieth of its life left.
 */
export function renewalAt(life: Life, window: AriWindow | null, random: () => number = Math.random): Date {
  const latest = life.notAfter.getTime() - (life.notAfter.getTime() - life.notBefore.getTime()) * LAST_PART
  const wanted = window === null ? renewalByLife(life, random) : momentIn(window, random)
  return new Date(Math.min(wanted.getTime(), latest))
}

const momentIn = ({ start, end }: AriWindow, random: () => number): Date =>
  new Date(start.getTime() + random() * Math.max(0, end.getTime() - start.getTime()))

const PAUSES_MS = [MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS, DAY_MS] as const

/** How long nothing is tried after so many failures in a row: 1, 10, 100 minutes, then a day; a tenth more or less by chance. */
export function pauseAfter(failures: number, random: () => number = Math.random): number {
  const pause = PAUSES_MS[Math.min(Math.max(failures, 1), PAUSES_MS.length) - 1] ?? DAY_MS
  return Math.round(pause * (0.9 + random() * 0.2))
}
