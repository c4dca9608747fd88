import { systemOrigin, transaction, type Ctx, type Root } from '../../context.ts'
import type { AuditSeals } from '../../../shared/api/audit.ts'
import * as rows from '../../db/auditSeals.ts'
import { newId } from '../../lib/ids.ts'
import { merkleRoot } from '../../lib/merkle.ts'
import { GENESIS, hashOf, leafOf, VANISHED } from './batches.ts'
import { appendCheckpoints } from './checkpoints.ts'
import { publicKey, sign } from './key.ts'

const BATCH = 1_000
const SHOWN = 50

const hex = (bytes: Buffer): string => bytes.toString('hex')

/**
 * Seals the oldest unsealed events as one signed batch, all or none.
 * @returns how many there were
 */
export async function sealNext(ctx: Ctx, limit = BATCH): Promise<number> {
  await rows.lockSealing(ctx.tx)
  const noted = await rows.takeUnsealed(ctx.tx, limit)
  if (noted.length === 0) return 0
  const ids = noted.map((event) => event.event_id)
  const times = noted.map((event) => event.at.getTime())
  const [from, to] = [new Date(Math.min(...times)), new Date(Math.max(...times))]
  const events = await rows.eventsIn(ctx.tx, { ids, from, to })
  const hashes = ids.map((id) => {
    const event = events.get(id)
    if (!event) ctx.log.error({ eventId: id }, 'an audit event was removed before it was sealed')
    return event ? leafOf(event) : VANISHED
  })
  const leaves = Buffer.from(hashes.join(''), 'hex')
  const [last] = await rows.latestHeads(ctx.tx, 1)
  const content = {
    number: (last?.number ?? 0n) + 1n,
    sealed_at: ctx.now(),
    events: ids,
    first_at: from,
    last_at: to,
    leaves,
    root: merkleRoot(leaves),
    previous: last?.hash ?? GENESIS,
  }
  const hash = hashOf(content)
  await rows.insertBatch(ctx.tx, { ...content, hash, signature: await sign(ctx, hash) })
  return ids.length
}

/** Seals all there is, then writes down outside of the database what was sealed. */
export async function sealAll(root: Root): Promise<void> {
  const origin = systemOrigin('audit.seal', newId())
  while ((await transaction(root, origin, 'platform', sealNext)) === BATCH);
  await transaction(root, origin, 'platform', appendCheckpoints)
}

/** How far the log is sealed, for those who watch over it. */
export async function seals(ctx: Ctx): Promise<AuditSeals> {
  const { events, since } = await rows.unsealed(ctx.tx)
  return {
    publicKey: (await publicKey(ctx)) ?? null,
    unsealed: { events, since: since?.toISOString() ?? null },
    items: (await rows.latestHeads(ctx.tx, SHOWN)).map((batch) => ({
      batch: batch.number.toString(),
      sealedAt: batch.sealed_at.toISOString(),
      events: batch.size,
      root: hex(batch.root),
      previous: hex(batch.previous),
      hash: hex(batch.hash),
      signature: hex(batch.signature),
    })),
  }
}
