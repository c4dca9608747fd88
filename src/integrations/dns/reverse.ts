import { Resolver } from 'node:dns/promises'
import type { ReverseLook } from './types.ts'

const TIMEOUT_MS = 3_000
const NOTHING = new Set(['ENOTFOUND', 'ENODATA'])

/** @param servers addresses, with a port or without; none: those of the system */
export function createReverseLook(servers: readonly string[]): ReverseLook {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
  if (servers.length > 0) resolver.setServers([...servers])
  return async (address, name) => {
    try {
      const [names, v4, v6] = await Promise.all([
        known(resolver.reverse(address)),
        known(resolver.resolve4(name)),
        known(resolver.resolve6(name)),
      ])
      return { ok: true, names: names.map((one) => one.toLowerCase()), addresses: [...v4, ...v6] }
    } catch (error) {
      return { ok: false, fault: `DNS did not answer (${(error as { code?: string }).code ?? 'unknown'}).` }
    }
  }
}

/** That there is nothing is an answer. */
async function known(answer: Promise<string[]>): Promise<string[]> {
  try {
    return await answer
  } catch (error) {
    if (NOTHING.has((error as { code?: string }).code ?? '')) return []
    throw error
  }
}
