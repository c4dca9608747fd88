import { canDomain } from '../../../shared/states/domain.ts'
import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import { faultOf } from '../domainProofs.ts'
import { enqueueVerify, type VerifyPayload } from '../domainQueues.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { emit, lockDomain } from './changes.ts'

/** How many domains are looked at in one round. */
const BATCH = 200

type Claim = Pick<DomainRow, 'name' | 'proof'>

/** The claim that a job looks at; null: there is nothing to prove any more. @throws AppError not_found */
export async function forCheck(ctx: Ctx, { tenantId, domainId }: VerifyPayload): Promise<Claim | null> {
  const row = await lockDomain(ctx, tenantId, domainId)
  return isOpen(row) ? { name: row.name, proof: row.proof } : null
}

const isOpen = (row: DomainRow): boolean =>
  canDomain.verify({ registration: row.registration, verifiedAt: row.verified_at }).allowed

/** Whether another tenant has proven the same name; not which. */
export const isHeldByOther = (ctx: Ctx, row: DomainRow): Promise<boolean> =>
  tenantScopeService.asPlatform(ctx, (wide) => domains.isHeldByOther(wide.tx, row))

/** Why DNS does not prove a claim; null: it does. */
export const lookUp = (root: Root, { name, proof }: Claim): Promise<string | null> =>
  faultOf(root, name, proof)

/** Writes down what a look has found. A name that was proven by somebody else meanwhile stays theirs. */
export async function decide(
  ctx: Ctx,
  { tenantId, domainId }: VerifyPayload,
  fault: string | null,
): Promise<void> {
  const row = await lockDomain(ctx, tenantId, domainId)
  if (!isOpen(row)) return
  const reason =
    fault ??
    ((await isHeldByOther(ctx, row))
      ? 'Another tenant has proven this domain before: it has to be removed there first.'
      : null)
  await domains.noteCheck(ctx.tx, row.id, ctx.now(), reason)
  if (reason !== null) return
  await domains.update(ctx.tx, row.id, { verified_at: ctx.now(), updated_at: ctx.now() })
  await emit(ctx, row, 'DOMAIN_VERIFIED', { verified: [false, true] })
}

/** Orders looks at the claims whose time has come. */
export const checkDue = (root: Root): Promise<void> =>
  asSystem(root, 'domains', 'platform', async (ctx) => {
    for (const row of await domains.dueForCheck(ctx.tx, ctx.now(), BATCH)) await enqueueVerify(ctx, row)
  })
