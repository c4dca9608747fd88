/** `8.875` in millionths; undefined when it is no percentage. */
export function ppmOf(typed: string): number | undefined {
  const match = /^(\d{1,3})(?:[.,](\d{1,4}))?$/.exec(typed.trim())
  if (!match) return undefined
  const ppm = Number(match[1]) * 10_000 + Number((match[2] ?? '').padEnd(4, '0'))
  return ppm > 0 && ppm <= 1_000_000 ? ppm : undefined
}
