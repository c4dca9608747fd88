import type { ReverseZones } from '../../../shared/api/provisioningPools.ts'
import type { Ctx } from '../../context.ts'
import * as pools from '../../db/provisioningPools.ts'
import { notFound } from '../../errors.ts'
import { mailboxOf, reversePlace } from '../../lib/dns/reverse.ts'
import { writeZoneFile, type ZoneRecord } from '../../lib/dns/zoneFile.ts'
import * as settingsService from '../tenantSettingsService.ts'

/** In seconds. RIPE-203, but for the minimum, which says how long it is remembered that there is no name. */
const TIMES = { refresh: 86_400, retry: 7_200, expire: 3_600_000, minimum: 3_600 }
const TTL = 3_600

/**
 * The reverse zones in which addresses of a pool have names, each as a zone file that a name server can be given. The serial
 * is the time at which it was written.
 * @throws AppError not_found
 */
export async function reverseZones(ctx: Ctx, poolId: string): Promise<ReverseZones> {
  const pool = await pools.findPool(ctx.tx, poolId)
  if (!pool) throw notFound('IP pool')
  const { 'dns.nameServers': servers, 'dns.contact': contact } = await settingsService.effective(ctx, null)
  if (typeof servers.value !== 'string' || typeof contact.value !== 'string')
    return {
      items: [],
      refusal:
        'A zone names its servers and a contact: set dns.nameServers and dns.contact in the settings of the platform first.',
    }
  const [first = '', ...others] = servers.value.split(' ')
  const prefix = Number(pool.network.split('/')[1])
  const records = (await pools.namesIn(ctx.tx, poolId)).map(({ address, name: target }) => ({
    ...reversePlace(address, prefix),
    target,
  }))
  const soa = {
    primary: `${first}.`,
    contact: mailboxOf(contact.value),
    serial: Math.floor(ctx.now().getTime() / 1_000),
    ...TIMES,
  }
  return {
    refusal: null,
    items: [...Map.groupBy(records, ({ zone }) => zone)].map(([zone, own]) => ({
      zone,
      names: own.length,
      file: writeZoneFile(
        zone,
        soa,
        [
          ...[first, ...others].map((host): ZoneRecord => ({
            name: zone,
            type: 'NS',
            ttl: TTL,
            content: `${host}.`,
          })),
          ...own.map(({ name, target }): ZoneRecord => ({
            name,
            type: 'PTR',
            ttl: TTL,
            content: `${target}.`,
          })),
        ],
        TTL,
      ),
    })),
  }
}
