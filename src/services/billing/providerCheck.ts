import type { z } from 'zod'
import type {
  BillingProviderCheck,
  billingProviderCheckRequest,
} from '../../../shared/api/billingPayments.ts'
import { asSystem, transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import { notFound } from '../../errors.ts'
import type { BillingConnection } from '../../integrations/billing/types.ts'
import { faultOf } from '../../lib/outcome.ts'
import * as auditService from '../auditService.ts'
import { connectionOf, hasLostSecret, isLiveKey } from './providers.ts'

const TIMEOUT_MS = 5_000

/** Tries a key that was typed. A request waits for this call: the person who typed it waits for the answer. */
export async function checkKey(
  root: Root,
  origin: Origin,
  typed: z.infer<typeof billingProviderCheckRequest>,
): Promise<BillingProviderCheck> {
  const connection: BillingConnection =
    'key' in typed
      ? { kind: 'stripe', key: typed.key, live: isLiveKey(typed.key), webhookSecret: null }
      : { kind: 'whmcs', ...typed, webhookSecret: null }
  const found = await ask(root, connection)
  // The secret of the endpoint is typed beside it, and not sent along.
  const problems = found.problems.filter((problem) => !/webhook secret|hook secret/.test(problem))
  await transaction(root, origin, 'platform', (ctx) =>
    note(ctx, null, { id: 'typed', found: { ...found, problems } }),
  )
  return { ...found, problems }
}

/** Tries a provider that is known, and writes down how it is. @throws AppError not_found */
export async function checkProvider(root: Root, origin: Origin, id: string): Promise<BillingProviderCheck> {
  const row = await transaction(root, origin, 'platform', (ctx) => providers.find(ctx.tx, id))
  if (!row) throw notFound('payment provider')
  const found = await look(root, row)
  await transaction(root, origin, 'platform', async (ctx) => {
    await noteHealth(ctx, row, found)
    await note(ctx, row.tenant_id, { id, found })
  })
  return found
}

/** Looks at every provider in use, so that its page tells of an outage, and that it is over. */
export async function checkAll(root: Root): Promise<void> {
  const rows = await asSystem(root, 'health of providers', 'platform', (ctx) => providers.inUse(ctx.tx))
  for (const row of rows) {
    // Its page says so, and there is nothing to ask with.
    if (hasLostSecret(row)) continue
    const found = await look(root, row)
    await asSystem(root, 'health of providers', 'platform', (ctx) => noteHealth(ctx, row, found))
  }
}

async function look(root: Root, row: ProviderRow): Promise<BillingProviderCheck> {
  const found = await ask(root, connectionOf(root, row))
  if (row.account !== null && found.account !== null && row.account !== found.account)
    found.problems.push(
      `The key is of the account ${found.account}, what was paid so far is with ${row.account}: use a key of that one.`,
    )
  return found
}

const noteHealth = (ctx: Ctx, row: ProviderRow, { problems, account }: BillingProviderCheck): Promise<void> =>
  providers.noteHealth(ctx.tx, row.id, {
    account: row.account === null ? account : null,
    message: problems.length === 0 ? null : problems.join(' '),
    at: ctx.now(),
  })

async function ask(root: Root, connection: BillingConnection): Promise<BillingProviderCheck> {
  if (connection.kind === 'manual') return { problems: [], account: null, live: null }
  const health = await root.vendors.billing({ ...connection, timeoutMs: TIMEOUT_MS }).health()
  return health.outcome === 'ok'
    ? { ...health.value, problems: [...health.value.problems] }
    : {
        problems: [faultOf(health)],
        account: null,
        live: connection.kind === 'whmcs' || connection.live,
      }
}

const note = (
  ctx: Ctx,
  tenantId: string | null,
  { id, found }: { id: string; found: BillingProviderCheck },
): Promise<void> =>
  auditService.record(ctx, {
    action: 'BILLING_PROVIDER_CHECKED',
    tenantId,
    target: { type: 'billingProvider', id, label: found.account ?? undefined },
    outcome: found.problems.length === 0 ? 'success' : 'error',
    details: { problems: found.problems },
  })
