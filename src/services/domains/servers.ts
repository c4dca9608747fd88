import type { NameServer } from '../../../shared/api/domainRegistrations.ts'
import type { Ctx } from '../../context.ts'
import { AppError } from '../../errors.ts'
import { DnsError } from '../../lib/dns/errors.ts'
import { canonicalName, requireHost } from '../../lib/dns/names.ts'
import * as dnsServerService from '../dnsServerService.ts'

/** Name servers that a registry is told. */

export const refuse = (path: string, message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/** @throws AppError invalid_input */
export function servers(list: readonly NameServer[], name: string): NameServer[] {
  return list.map(({ host: typed, addresses }, at) => {
    const path = `nameservers.${at}`
    try {
      const host = requireHost(canonicalName(typed, '.', 'full')).slice(0, -1)
      const isBelow = host.endsWith(`.${name}`)
      if (isBelow && addresses.length === 0)
        throw new DnsError(`${host} is below ${name}: it needs an address.`)
      if (!isBelow && addresses.length > 0)
        throw new DnsError(`${host} is not below ${name}: its own zone has its addresses.`)
      return { host, addresses }
    } catch (error) {
      if (error instanceof DnsError) throw refuse(path, error.message)
      throw error
    }
  })
}

/** Where zones of ours are served. @throws AppError invalid_input when that is not known */
export async function ourServers(ctx: Ctx): Promise<NameServer[]> {
  const hosts = await dnsServerService.nameServersForNew(ctx)
  if (hosts.length < 2)
    throw refuse('nameservers', 'Say two name servers at least: no DNS server of mPanel has two to offer.')
  return hosts.map((host) => ({ host, addresses: [] }))
}
