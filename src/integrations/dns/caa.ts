import { Resolver } from 'node:dns/promises'
import type { CaaAnswer } from './types.ts'

const TIMEOUT_MS = 3_000
const NOTHING = new Set(['ENOTFOUND', 'ENODATA'])

/**
 * The CAA records that count for a name: those of the nearest name at or above it that has any (RFC 8659). What cannot be read
 * is a fault, not an absence: a CA would refuse as well.
 * @param servers addresses, with a port or without; none: those of the system
 */
export function createCaaLookup(servers: readonly string[]): (name: string) => Promise<CaaAnswer> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
  if (servers.length > 0) resolver.setServers([...servers])
  return async (name) => {
    const labels = name.split('.')
    for (let at = 0; at < labels.length; at++) {
      const here = labels.slice(at).join('.')
      try {
        const records = await resolver.resolveCaa(here)
        if (records.length > 0)
          return {
            ok: true,
            at: here,
            records: records.map(({ critical, ...properties }) => {
              const [tag = '', value = ''] =
                Object.entries(properties as Record<string, string>).find(([key]) => key !== 'type') ?? []
              return { critical: (critical & 128) !== 0, tag: tag.toLowerCase(), value }
            }),
          }
      } catch (error) {
        const code = (error as { code?: string }).code ?? 'unknown'
        if (!NOTHING.has(code))
          return { ok: false, fault: `DNS did not answer for the CAA records of ${here} (${code}).` }
      }
    }
    return { ok: true, at: null, records: [] }
  }
}
