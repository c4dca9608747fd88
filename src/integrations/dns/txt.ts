import { Resolver } from 'node:dns/promises'

const TIMEOUT_MS = 3_000

/** What DNS has at a name: the TXT records, each with its parts joined, or why they could not be read. */
export type TxtAnswer = { ok: true; records: string[] } | { ok: false; fault: string }

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
