/**
 * How long the other side asks us to wait (RFC 9110, section 10.2.3): seconds, or a date.
 * @returns milliseconds; null for no header, or one that cannot be read
 */
export function retryAfterMs(header: string | undefined, now: number = Date.now()): number | null {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}
