import type { Ctx } from '../../context.ts'
import * as claims from '../../db/cloudPodClaims.ts'
import * as sources from '../../db/provisioningSources.ts'
import type { Facts, FindingRow } from '../../db/provisioningFindings.ts'
import { AppError } from '../../errors.ts'
import { isUuid } from '../../lib/ids.ts'
import * as provisioningQueues from '../provisioningQueues.ts'

const over = (): AppError => new AppError('invalid_state', 'It is not so any more: compare the pool again.')

/**
 * Has NetBox told what is right. Nothing is done to it here: what is to be said is written down, and a job says it.
 * @throws AppError invalid_state with the reason
 */
export async function repairAddress(ctx: Ctx, finding: FindingRow): Promise<{ id: string }> {
  const { pool_id: poolId, address } = finding
  const pool = poolId === null ? undefined : await sources.findPool(ctx.tx, poolId)
  if (!pool || address === null) throw over()
  if (finding.kind === 'address_leaked') await letGo(ctx, pool.id, address, finding.facts as Facts)
  else {
    const claim = await claims.holding(ctx.tx, pool.id, address)
    if (!claim) throw over()
    if (finding.kind === 'address_contested' && claim.netboxId !== null)
      throw new AppError(
        'invalid_state',
        'NetBox has this address twice, once as ours: delete the other entry there.',
      )
    await claims.again(ctx.tx, claim.id, {
      takingOver: finding.kind === 'address_contested',
      isLost: finding.kind === 'address_lost',
    })
  }
  return provisioningQueues.enqueueForPool(ctx, provisioningQueues.poolClaim, pool)
}

/** What is deleted is found by its mark: one that does not carry it any more is left alone. */
async function letGo(ctx: Ctx, poolId: string, address: string, { entry }: Facts): Promise<void> {
  if (!entry) throw over()
  const { id, netboxId } = entry
  if (!isUuid(id)) throw new AppError('invalid_state', 'Its mark was changed by hand: delete it in NetBox.')
  await claims.insertGone(ctx.tx, { id, poolId, address, netboxId })
}
