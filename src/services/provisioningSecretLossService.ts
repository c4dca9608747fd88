import { asSystem, type Ctx, type Root } from '../context.ts'
import { markLost, namesOf, SEALED, sealedAfter, type SealedColumn } from '../db/provisioningSealed.ts'
import { AppError } from '../errors.ts'
import { SecretLost } from '../lib/crypto.ts'
import * as auditService from './auditService.ts'
import * as provisioningService from './provisioningService.ts'
import * as sslService from './sslService.ts'

/**
 * When the secret key itself is lost, nothing brings back what it has sealed. What mPanel made for itself alone gets a new
 * key at once; all else is marked as lost (`lib/crypto.ts`), and whatever needs it waits for the person who enters it again.
 */

const FIRST = '00000000-0000-0000-0000-000000000000'
const BATCH = 1_000
const NAMED = 50

type Loss = { column: SealedColumn; ids: string[] }
export type LossReport = {
  total: number
  /** By kind; `names` are the first of them. `cure`: what makes it whole again. */
  kinds: { what: string; cure: string; n: number; names: string[] }[]
  /** Whether the installation was sealed with another key than this process has. */
  isOtherKey: boolean
  /** Whether the key that signs the audit log is lost too. */
  ofAuditLog: boolean
}

export const NOTHING = 'Nothing is lost: every secret opens with the key that is set.'
export const isAnyLost = ({ total, isOtherKey, ofAuditLog }: LossReport): boolean =>
  total > 0 || isOtherKey || ofAuditLog

/**
 * What no key that is set opens. Changes nothing.
 * @throws AppError invalid_state while a worker runs: it has the key
 */
export const lookForLoss = (root: Root): Promise<LossReport> =>
  asSystem(root, 'secret key', 'platform', async (ctx) => reportOf(ctx, await lossesIn(ctx)))

/**
 * Marks all of it as lost, in one transaction, and takes the present key as the installation's.
 * @param confirmed how many there are, by the word of the operator
 * @throws AppError invalid_state while a worker runs, when nothing is lost, and when there are more or fewer
 */
export const giveUp = (root: Root, confirmed: number): Promise<LossReport> =>
  asSystem(root, 'secret key', 'platform', async (ctx) => {
    const losses = await lossesIn(ctx)
    const report = await reportOf(ctx, losses)
    if (!isAnyLost(report)) throw new AppError('invalid_state', NOTHING)
    if (report.total !== confirmed)
      throw new AppError(
        'invalid_state',
        `${report.total} secrets are lost, and not ${confirmed}: look again without --confirm.`,
      )
    for (const { column, ids } of losses) await markLost(ctx.tx, column, ids, new SecretLost().message)
    await sslService.remakeAccountKeys(ctx)
    await sslService.remakeRoot(ctx)
    if (report.ofAuditLog) await auditService.replaceLostKey(ctx)
    await provisioningService.takeKey(ctx)
    await provisioningService.noteLoss(ctx)
    await auditService.record(ctx, {
      action: 'SECRETS_LOST',
      tenantId: null,
      target: { type: 'platform', id: 'platform' },
      details: {
        total: report.total,
        ofAuditLog: report.ofAuditLog,
        kinds: report.kinds.map(({ what, n }) => `${what}: ${n}`),
      },
    })
    return report
  })

async function lossesIn(ctx: Ctx): Promise<Loss[]> {
  if ((await provisioningService.listWorkers(ctx)).some(({ state }) => state !== 'silent'))
    throw new AppError(
      'invalid_state',
      'A worker is running, so the key is not lost: it is the MPANEL_SECRET_KEY, or the secret.key, of that worker. To go on all the same, stop every process first.',
    )
  const losses: Loss[] = []
  for (const column of SEALED) {
    const ids = await unopened(ctx, column)
    if (ids.length > 0) losses.push({ column, ids })
  }
  return losses
}

async function unopened(ctx: Ctx, column: SealedColumn): Promise<string[]> {
  const found: string[] = []
  for (let after: string | undefined = FIRST; after !== undefined;) {
    const rows = await sealedAfter(ctx.tx, column, after, BATCH)
    for (const { id, sealed } of rows)
      if (ctx.sealer.under(sealed, column.purpose(id)) === 'none') found.push(id)
    after = rows.length < BATCH ? undefined : rows.at(-1)?.id
  }
  return found
}

async function reportOf(ctx: Ctx, losses: readonly Loss[]): Promise<LossReport> {
  const kinds: LossReport['kinds'] = []
  for (const { column, ids } of losses)
    kinds.push({
      ...provisioningService.wordsOf(column),
      n: ids.length,
      names: (await namesOf(ctx.tx, column, ids)).slice(0, NAMED),
    })
  return {
    total: losses.reduce((sum, { ids }) => sum + ids.length, 0),
    kinds,
    isOtherKey: (await provisioningService.opensProof(ctx)) === false,
    ofAuditLog: await provisioningService.isAuditKeyLost(ctx),
  }
}
