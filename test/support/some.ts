import { randomInt } from 'node:crypto'

/** `npm run test:all`: nothing is left out. */
export const ALL = process.env['MPANEL_TESTS'] === 'all'

/** Each second one, beginning by chance, so that a few runs take all; at least one. */
export function some<T>(list: readonly T[]): T[] {
  if (ALL) return [...list]
  const turn = Math.min(randomInt(2), list.length - 1)
  return list.filter((_, index) => index % 2 === turn)
}
