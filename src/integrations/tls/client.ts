import { X509Certificate } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import type { DetailedPeerCertificate } from 'node:tls'
import { connectOutgoing, OutgoingFault, type AllowedNetworks } from '../../lib/outgoing.ts'
import { ok, rejected } from '../../lib/outcome.ts'
import type { TlsLook } from './types.ts'

const TIMEOUT_MS = 5_000
const MAX_CHAIN = 10

/**
 * Under the address rules of everything whose target a customer chooses.
 * @param servers DNS servers to ask where a name points; none: those of the system
 */
export function createTlsLook(allowed: AllowedNetworks, servers: readonly string[]): TlsLook {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
  if (servers.length > 0) resolver.setServers([...servers])
  const addressOf = async (host: string): Promise<string | undefined> => {
    if (servers.length === 0) return host
    const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))[0]
  }
  return async ({ host, port, name }) => {
    const address = await addressOf(host)
    if (address === undefined) return rejected('unreachable', 'the name has no address', { retryable: true })
    try {
      const socket = await connectOutgoing(allowed, {
        host: address,
        port,
        timeoutMs: TIMEOUT_MS,
        looksAt: name,
      })
      const chain = chainOf(socket.getPeerCertificate(true))
      socket.destroy()
      return chain.length === 0 ? rejected('no_certificate', 'It showed no certificate.') : ok({ chain })
    } catch (error) {
      if (error instanceof OutgoingFault) return rejected('unreachable', error.message, { retryable: true })
      throw error
    }
  }
}

/** Issuers that Node found elsewhere would count as sent: it finds none, as nothing is trusted here. */
function chainOf(first: DetailedPeerCertificate): string[] {
  const chain: string[] = []
  let next: DetailedPeerCertificate | undefined = first
  while (next?.raw !== undefined && chain.length < MAX_CHAIN) {
    const pem = new X509Certificate(next.raw).toString()
    if (chain.at(-1) === pem) break
    chain.push(pem)
    next = next.issuerCertificate
  }
  return chain
}
