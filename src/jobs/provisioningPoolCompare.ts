import type { Entry } from '../integrations/netbox/types.ts'
import * as claimService from '../services/cloudPodClaimService.ts'
import type { AddressView } from '../services/cloudPodClaimService.ts'
import { poolCompare } from '../services/provisioningQueues.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { JobError, valueOf } from './errors.ts'
import { openPool, type PoolRun, type Sourced } from './provisioningPoolClaim.ts'
import type { JobHandler } from './steps.ts'

/** Further suspects wait for the next comparison. */
const MAX_LOOKS = 500

/** Compares a pool with its prefix in NetBox. That NetBox cannot be read is a result too, not a failure of the job. */
async function compare(run: PoolRun): Promise<void> {
  const sourced = await openPool(run)
  const { sourceId } = sourced.pool
  const health = (problem: string | null) =>
    run.tx((ctx) => provisioningService.noteSourceHealth(ctx, sourceId, problem))
  try {
    await compareWith(run, sourced)
    await health(null)
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    await health(error.message)
  }
}

async function compareWith(run: PoolRun, sourced: Sourced): Promise<void> {
  const found = await inNetbox(sourced)
  if (typeof found === 'string') return run.tx((ctx) => claimService.noteUnusable(ctx, sourced.pool, found))
  const pool = { ...sourced.pool, sourceVrf: found.vrfId }
  const space = { network: pool.network, vrfId: found.vrfId }
  const [entries, full] = [
    valueOf(await sourced.netbox.entries(space)),
    valueOf(await sourced.netbox.fullRanges(space)),
  ]
  const problem = await run.read((ctx) => claimService.tooFull(ctx, pool.id, full))
  if (problem !== null) return run.tx((ctx) => claimService.noteUnusable(ctx, sourced.pool, problem))
  const view: AddressView = {
    vrfId: found.vrfId,
    entries: await withGateway({ ...sourced, pool }, entries),
    full,
  }
  const suspects = await run.read((ctx) => claimService.suspectsIn(ctx, pool, view.entries))
  const reread = new Map<string, Entry[]>()
  for (const claim of suspects.slice(0, MAX_LOOKS))
    reread.set(claim.id, valueOf(await sourced.netbox.marked(claimService.markOf(pool, claim.id))))
  await run.tx((ctx) => claimService.recordView(ctx, pool, view, reread))
}

/** In which VRF the pool is; a sentence when NetBox has something else there. */
async function inNetbox({ pool, netbox }: Sourced): Promise<{ vrfId: number | null } | string> {
  const answer = await netbox.prefix(pool.sourcePrefix)
  if (answer.outcome === 'rejected' && answer.code === 'missing')
    return `NetBox has no prefix ${pool.sourcePrefix}.`
  const prefix = valueOf(answer)
  if (prefix.network !== pool.network)
    return `The prefix ${pool.sourcePrefix} of NetBox is ${prefix.network}, and the pool is ${pool.network}.`
  const vrfId = prefix.vrf?.id ?? null
  if (pool.comparedAt !== null && vrfId !== pool.sourceVrf && pool.sourceVrf !== null)
    return `The prefix ${pool.sourcePrefix} was moved to another VRF in NetBox.`
  return { vrfId }
}

/** NetBox does not know which address is the router's, and would give it to whoever asks for a free one. */
async function withGateway({ pool, netbox }: Sourced, entries: Entry[]): Promise<Entry[]> {
  const { gateway } = pool
  if (gateway === null || entries.some(({ address }) => address === gateway)) return entries
  const answer = await netbox.create({
    address: gateway,
    prefix: pool.prefix,
    vrfId: pool.sourceVrf,
    status: 'reserved',
    dnsName: '',
    description: `mPanel: gateway of the pool ${pool.name}`.slice(0, 200),
    mark: claimService.markOf(pool, pool.id),
  })
  // It counts as full there already.
  if (answer.outcome === 'rejected' && answer.code === 'taken') return entries
  return [...entries, valueOf(answer)]
}

/** Looks what NetBox says of the addresses of a pool, and writes down or settles what differs. */
export const provisioningPoolCompare: JobHandler<{ poolId: string }> = {
  kind: poolCompare.kind,
  parse: (payload) => poolCompare.payload.parse(payload),
  steps: [{ name: 'compare', title: 'Comparing the pool with NetBox', run: compare, idempotent: true }],
}
