import { randomInt } from 'node:crypto'

/** `npm run test:all`: nothing is left out. */
export const ALL = process.env['MPANEL_TESTS'] === 'all'

/** Each second one, or each `nth`, beginning by chance, so that a few runs take all; at least one. */
export function some<T>(list: readonly T[], nth = 2): T[] {
  if (ALL) return [...list]
  const turn = randomInt(Math.min(nth, Math.max(list.length, 1)))
  return list.filter((_, index) => index % nth === turn)
}
