import { Resolver } from 'node:dns/promises'
import type { TxtAnswer } from './types.ts'

const TIMEOUT_MS = 3_000

/** The name or its records do not exist: an answer like any other. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA'])

/** @param servers addresses, with a port or without; none: those of the system */
export function createTxtLookup(servers: readonly string[]): (name: string) => Promise<TxtAnswer> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
  if (servers.length > 0) resolver.setServers([...servers])
  return async (name) => {
    try {
      const records = await resolver.resolveTxt(name)
      return { ok: true, records: records.map((parts) => parts.join('')) }
    } catch (error) {
      const code = (error as { code?: string }).code ?? 'unknown'
      return NOTHING.has(code)
        ? { ok: true, records: [] }
        : { ok: false, fault: `DNS did not answer (${code}).` }
    }
  }
}
