import { isHeld } from '../../../shared/states/domain.ts'
import type { Ctx } from '../../context.ts'
import * as operations from '../../db/domainOperations.ts'
import * as domains from '../../db/domains.ts'
import type { DomainZoneRow } from '../../db/dnsZones.ts'
import { AppError } from '../../errors.ts'
import type { DsRecord } from '../../lib/dns/dnssec.ts'
import * as registrations from '../domainRegistrationService.ts'

/** What was asked of the registry for a zone, and how far that is. */
export type Told = {
  operationId: string | null
  words: string
  /** Nothing of it is at the registry, or on its way there. */
  clear: boolean
}

const text = (ds: readonly DsRecord[]): string =>
  JSON.stringify(ds.map((one) => [one.keyTag, one.algorithm, one.digestType, one.digest.toLowerCase()]))

/**
 * Has the registry of a domain have exactly these DS. Asked again, it says how far that is. One that is registered elsewhere is for
 * its owner to change.
 */
export async function tellRegistry(ctx: Ctx, zone: DomainZoneRow, ds: DsRecord[]): Promise<Told> {
  const domain = await domains.lock(ctx.tx, zone.tenant_id, zone.domain_id)
  if (!domain || !isHeld(domain.registration)) {
    const words =
      ds.length === 0
        ? 'Have it taken away where the domain is registered.'
        : 'Set it where the domain is registered: it stands below.'
    return { operationId: null, words, clear: ds.length === 0 }
  }
  const { dnssec_operation_id: operationId } = zone
  const before = operationId && (await operations.find(ctx.tx, zone.tenant_id, operationId))
  const isThere = text(domain.ds_records as DsRecord[]) === text(ds)
  if (before && before.ended_at === null)
    return { operationId, words: 'The registry has been asked for that.', clear: false }
  if (before && before.state === 'rejected')
    return {
      operationId,
      words: `The registry has refused that: ${before.error_message ?? 'without a reason'}. Look again to ask it anew.`,
      clear: false,
    }
  if (isThere)
    return {
      operationId,
      words: 'The registry has taken that over; its name servers follow.',
      clear: ds.length === 0,
    }
  try {
    const asked = await registrations.submitDs(ctx, zone.tenant_id, zone.domain_id, ds)
    return { operationId: asked.operationId, words: 'The registry is being asked for that.', clear: false }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { operationId: null, words: `The registry cannot be asked now: ${error.message}`, clear: false }
  }
}
