import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as installation from '../../db/installation.ts'
import { replaceSealed, SEALED, sealedAfter, type SealedColumn } from '../../db/provisioningSealed.ts'
import { StartupError } from '../../errors.ts'
import type { SealedUnder } from '../../lib/crypto.ts'
import * as auditService from '../auditService.ts'

const BATCH = 100
const FIRST = '00000000-0000-0000-0000-000000000000'
const KEY_CHECK = 'secretKeyCheck'
const AUDIT_KEY = 'audit.key'

/**
 * Makes sure that this process has the key with which the installation's secrets were sealed, or the one before it; the
 * first one to ask leaves the proof.
 * @throws StartupError for another key
 */
export async function requireSecretKey(ctx: Ctx): Promise<void> {
  if (!(await isProven(ctx))) await takeKey(ctx)
}

/** The key of this process is the installation's from now on. */
export const takeKey = (ctx: Ctx): Promise<void> =>
  installation.write(ctx.tx, KEY_CHECK, ctx.sealer.seal(KEY_CHECK, KEY_CHECK).toString('base64'), ctx.now())

/** Whether no key that is set opens what signs the audit log. */
export const isAuditKeyLost = async (ctx: Ctx): Promise<boolean> =>
  (await ofInstallation(ctx)).some(
    ({ sealed, purpose }) => purpose === AUDIT_KEY && ctx.sealer.under(sealed, purpose) === 'none',
  )

/** Whether this process has the key, or the one before it; undefined while there is no proof. */
export async function opensProof(ctx: Ctx): Promise<boolean | undefined> {
  const sealed = await installation.read(ctx.tx, KEY_CHECK)
  if (typeof sealed !== 'string') return undefined
  return ctx.sealer.under(Buffer.from(sealed, 'base64'), KEY_CHECK) !== 'none'
}

/**
 * Compares the key of this process with the proof, and leaves none.
 * @returns false while there is no proof
 * @throws StartupError for another key
 */
export async function isProven(ctx: Ctx): Promise<boolean> {
  const isOurs = await opensProof(ctx)
  if (isOurs !== false) return isOurs === true
  throw new StartupError(
    'The secret key is not the one of this database. Set MPANEL_SECRET_KEY to the key of the first installation, or bring back its secret.key; a backup needs the key of its time. If the key is lost for good: `mpanel secrets lost` shows what is lost with it.',
  )
}

/** How many stored secrets were sealed with the present key, with the one before, and with neither; `lost`: are marked as lost. */
export type SealedCounts = Record<SealedUnder, number>

/** Looks at every stored secret, in small transactions. */
export async function countSealed(root: Root): Promise<SealedCounts> {
  const counts: SealedCounts = { present: 0, before: 0, none: 0, lost: 0 }
  for (const column of SEALED)
    await eachBatch(root, column, async (_ctx, rows) => {
      for (const row of rows) counts[root.sealer.under(row.sealed, column.purpose(row.id))]++
    })
  await asSystem(root, 'secret key', 'platform', async (ctx) => {
    for (const { sealed, purpose } of await ofInstallation(ctx)) counts[root.sealer.under(sealed, purpose)]++
  })
  return counts
}

/**
 * Seals anew with the present key what was sealed with the one before. Each batch is a transaction, and what is done is
 * passed over, so it may be broken off and run again while mPanel runs. The event with the counts comes last.
 * @returns how many were sealed anew, and what the look at all of them afterwards found
 */
export async function sealAnew(root: Root): Promise<{ sealed: number; after: SealedCounts }> {
  let count = 0
  const again = (sealed: Buffer, purpose: string): Buffer | undefined => {
    if (root.sealer.under(sealed, purpose) !== 'before') return undefined
    count++
    return root.sealer.seal(root.sealer.open(sealed, purpose), purpose)
  }
  for (const column of SEALED)
    await eachBatch(root, column, async (ctx, rows) => {
      for (const row of rows) {
        const now = again(row.sealed, column.purpose(row.id))
        if (now) await replaceSealed(ctx.tx, column, row, now)
      }
    })
  await asSystem(root, 'secret key', 'platform', async (ctx) => {
    for (const { sealed, purpose, write } of await ofInstallation(ctx)) {
      const now = again(sealed, purpose)
      if (now) await write(now)
    }
  })
  const after = await countSealed(root)
  await asSystem(root, 'secret key', 'platform', (ctx) =>
    auditService.record(ctx, {
      action: 'SECRETS_SEALED_ANEW',
      tenantId: null,
      target: { type: 'platform', id: 'platform' },
      details: { sealed: count, ...after },
    }),
  )
  return { sealed: count, after }
}

type Rows = Awaited<ReturnType<typeof sealedAfter>>

async function eachBatch(
  root: Root,
  column: SealedColumn,
  work: (ctx: Ctx, rows: Rows) => Promise<void>,
): Promise<void> {
  let last: string | undefined = FIRST
  while (last !== undefined) {
    const after: string = last
    last = await asSystem(root, 'secret key', 'platform', async (ctx) => {
      const rows = await sealedAfter(ctx.tx, column, after, BATCH)
      await work(ctx, rows)
      return rows.length < BATCH ? undefined : rows.at(-1)?.id
    })
  }
}

type Fact = { sealed: Buffer; purpose: string; write: (now: Buffer) => Promise<void> }

/** The sealed values among the facts about the installation: the proof of the key, and what signs the audit log. */
async function ofInstallation(ctx: Ctx): Promise<Fact[]> {
  const facts: Fact[] = []
  const proof = await installation.read(ctx.tx, KEY_CHECK)
  if (typeof proof === 'string')
    facts.push({
      sealed: Buffer.from(proof, 'base64'),
      purpose: KEY_CHECK,
      write: (now) => installation.write(ctx.tx, KEY_CHECK, now.toString('base64'), ctx.now()),
    })
  const signing = (await installation.read(ctx.tx, AUDIT_KEY)) as { sealed: string } | undefined
  if (signing)
    facts.push({
      sealed: Buffer.from(signing.sealed, 'base64'),
      purpose: AUDIT_KEY,
      write: (now) =>
        installation.write(ctx.tx, AUDIT_KEY, { ...signing, sealed: now.toString('base64') }, ctx.now()),
    })
  return facts
}
