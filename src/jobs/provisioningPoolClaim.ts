import type { SourcedPool } from '../db/provisioningSources.ts'
import type { Entry, Netbox } from '../integrations/netbox/types.ts'
import type { Outcome } from '../lib/outcome.ts'
import * as claimService from '../services/cloudPodClaimService.ts'
import type { Claim } from '../services/cloudPodClaimService.ts'
import { poolClaim } from '../services/provisioningQueues.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

export type PoolRun = Run<{ poolId: string }>
export type Sourced = { pool: SourcedPool; netbox: Netbox }

export async function openPool(run: PoolRun): Promise<Sourced> {
  const { pool, connection } = await run.read((ctx) => claimService.open(ctx, run.payload.poolId))
  return { pool, netbox: run.root.vendors.netbox(connection) }
}

/**
 * The answer to a write. What was lost is waited for rather than held to be unknown: whatever it has left carries its mark, and
 * each step begins with looking for that.
 */
function done<T>(answer: Outcome<T>): T {
  if (answer.outcome === 'unknown') throw new JobError('wait', 'answer_lost', answer.message, true)
  return valueOf(answer)
}

/** Tells NetBox what was decided about addresses, until nothing is left to tell. */
async function tell(run: PoolRun): Promise<void> {
  const sourced = await openPool(run)
  // Where its addresses are in NetBox is known once both were compared.
  if (sourced.pool.comparedAt === null) return
  for (;;) {
    const claims = await run.read((ctx) => claimService.untold(ctx, sourced.pool.id))
    if (claims.length === 0) return
    for (const claim of claims) {
      run.signal.throwIfAborted()
      await tellOf(run, sourced, claim)
    }
  }
}

/** What NetBox refuses of one address does not hold up the others. */
async function tellOf(run: PoolRun, sourced: Sourced, claim: Claim): Promise<void> {
  try {
    await (claim.wanted === 'gone' ? letGo(run, sourced, claim) : say(run, sourced, claim))
  } catch (error) {
    if (!(error instanceof JobError) || error.kind !== 'permanent') throw error
    const problem = `${claim.address}: ${error.message}`
    await run.tx((ctx) => claimService.postpone(ctx, claim, problem))
    await run.log(problem, 'warning')
  }
}

const byId = (a: Entry, b: Entry): number => a.id - b.id
const marked = async ({ pool, netbox }: Sourced, { id }: Claim): Promise<Entry[]> =>
  valueOf(await netbox.marked(claimService.markOf(pool, id))).toSorted(byId)

async function removeEntry({ netbox }: Sourced, { id }: Entry): Promise<void> {
  const answer = await netbox.remove(id)
  if (answer.outcome !== 'rejected' || answer.code !== 'missing') done(answer)
}

/** Deletes what carries the mark, and believes that it is gone when nothing is found any more. */
async function letGo(run: PoolRun, sourced: Sourced, claim: Claim): Promise<void> {
  for (const entry of await marked(sourced, claim)) {
    if (entry.address !== claim.address)
      throw permanent(
        'moved_by_hand',
        `somebody has made ${entry.address} of it in NetBox: take our mark away there, or delete it`,
      )
    await removeEntry(sourced, entry)
  }
  if ((await marked(sourced, claim)).length > 0)
    throw permanent('still_there', 'NetBox has deleted it, and still finds it')
  await run.tx((ctx) => claimService.forget(ctx, claim))
}

/** Has NetBox say of an address what it should. One that was never seen there is made, if nobody else has it. */
async function say(run: PoolRun, sourced: Sourced, claim: Claim): Promise<void> {
  const settle = (netboxId: number | null, refused = false) =>
    run.tx((ctx) => claimService.settle(ctx, claim, netboxId, refused))
  const [found, ...extra] = await marked(sourced, claim)
  // Two calls whose answers were lost may both have been carried out.
  for (const entry of extra) await removeEntry(sourced, entry)
  if (!found && claim.refused) return settle(null, true)
  // It was there, and somebody has deleted it: a comparison reports that, and a person decides.
  if (!found && claim.netboxId !== null) return settle(claim.netboxId)
  const own = found ? await adjust(sourced, claim, found) : await make(sourced, claim)
  const isNew = claim.netboxId === null
  if (own && !(isNew && (await isShared(sourced, claim, own)))) return settle(own.id)
  if (own) await removeEntry(sourced, own)
  const other = await run.tx((ctx) => claimService.yieldTo(ctx, sourced.pool, claim))
  const instead = other === null ? '' : `: its pod gets ${other} instead`
  await run.log(`somebody else has ${claim.address} in NetBox${instead}`, 'warning')
}

async function adjust({ pool, netbox }: Sourced, claim: Claim, entry: Entry): Promise<Entry> {
  const said = claimService.saidOf(pool, claim)
  if (claimService.differsFrom(entry, said).length === 0) return entry
  return done(await netbox.change(entry.id, said))
}

/** @returns null when somebody else has the address */
async function make({ pool, netbox }: Sourced, claim: Claim): Promise<Entry | null> {
  const said = claimService.saidOf(pool, claim)
  if (claim.takingOver) {
    const [there, ...more] = valueOf(await netbox.at(claim.address, pool.sourceVrf))
    if (there && more.length === 0) return done(await netbox.change(there.id, said))
  }
  const answer = await netbox.create(said)
  return answer.outcome === 'rejected' && answer.code === 'taken' ? null : done(answer)
}

/** NetBox may let two have one address: it checks that only where it is told to, and keeps no constraint. */
async function isShared({ pool, netbox }: Sourced, claim: Claim, own: Entry): Promise<boolean> {
  return valueOf(await netbox.at(claim.address, pool.sourceVrf)).some(({ id }) => id !== own.id)
}

/** Tells the NetBox of a pool what mPanel has decided about its addresses. */
export const provisioningPoolClaim: JobHandler<{ poolId: string }> = {
  kind: poolClaim.kind,
  parse: (payload) => poolClaim.payload.parse(payload),
  steps: [{ name: 'tell', title: 'Telling NetBox about addresses', run: tell, idempotent: true }],
}
