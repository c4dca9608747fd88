import type { z } from 'zod'
import type {
  BillingProvider as Shown,
  billingProviderCreate,
  billingProviderUpdate,
} from '../../../shared/api/billingPayments.ts'
import type { Ctx } from '../../context.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow, ProviderView } from '../../db/billingProviders.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import type { BillingConnection } from '../../integrations/billing/types.ts'
import { isLost, sha256 } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { withoutTrailingSlashes } from '../../lib/slashes.ts'
import * as auditService from '../auditService.ts'

const keyPurpose = (id: string): string => `billingProvider:${id}:key`
const hookPurpose = (id: string): string => `billingProvider:${id}:webhook`

type WhmcsAccess = { identifier: string; secret: string; accessKey: string | null }

/** What opens a WHMCS is kept as one key. */
const whmcsKey = ({ identifier, secret, accessKey }: WhmcsAccess): string =>
  JSON.stringify({ identifier, secret, accessKey })

export const isLiveKey = (key: string): boolean => /^[sr]k_live_/.test(key)

/** Whether there is nothing to ask it with: a secret of it was lost with the secret key. */
export const hasLostSecret = (row: Pick<ProviderRow, 'key_sealed' | 'webhook_secret_sealed'>): boolean =>
  isLost(row.key_sealed) || isLost(row.webhook_secret_sealed)

/** As whom the provider of a row is asked. */
export function connectionOf(
  { sealer }: Pick<Ctx, 'sealer'>,
  row: ProviderRow,
  timeoutMs?: number,
): BillingConnection {
  if (row.kind === 'manual' || row.key_sealed === null) return { kind: 'manual' }
  const hook = row.webhook_secret_sealed
  const key = sealer.open(row.key_sealed, keyPurpose(row.id))
  const more = {
    webhookSecret: hook === null ? null : sealer.open(hook, hookPurpose(row.id)),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  return row.kind === 'stripe'
    ? { kind: 'stripe', key, live: row.live === true, ...more }
    : { kind: 'whmcs', url: row.url ?? '', ...(JSON.parse(key) as WhmcsAccess), ...more }
}

/** Of the platform’s provider a tenant is told that it is there, and not whose account it is. */
const isShown = (ctx: Ctx, row: ProviderView): boolean => row.tenant_id !== null || ctx.scope === 'platform'

const present = (ctx: Ctx, row: ProviderView): Shown => ({
  id: row.id,
  tenantId: row.tenant_id,
  tenantName: row.tenant_name,
  kind: row.kind,
  url: row.url,
  authority: row.authority,
  live: row.live,
  account: isShown(ctx, row) ? row.account : null,
  hasWebhookSecret: row.webhook_secret_sealed !== null,
  chargesAutomatically: row.charges_automatically,
  simulated: row.simulated,
  health: row.health,
  healthMessage: isShown(ctx, row) ? row.health_message : null,
  checkedAt: row.checked_at?.toISOString() ?? null,
  heardAt: row.heard_at?.toISOString() ?? null,
  waiting: row.waiting,
  parked: row.parked,
  webhookUrl: isShown(ctx, row)
    ? `${ctx.settings.publicUrl}/api/webhooks/${row.kind === 'whmcs' ? 'whmcs' : 'stripe'}?provider=${row.id}`
    : null,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export async function listProviders(ctx: Ctx, options: ListOptions) {
  const page = await providers.list(ctx.tx, ctx.scope, options)
  return { items: page.items.map((row) => present(ctx, row)), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getProvider(ctx: Ctx, id: string): Promise<Shown> {
  const row = await providers.find(ctx.tx, id)
  if (!row) throw notFound('payment provider')
  return present(ctx, row)
}

/** Who collects for a tenant, if anybody does. */
export async function collectorOf(ctx: Ctx, tenantId: string): Promise<ProviderRow | null> {
  const row = await providers.ofTenant(ctx.tx, tenantId)
  return row === undefined || row.kind === 'manual' || row.authority === 'provider' ? null : row
}

/** Whether another system's invoices count in a tenant, and mPanel issues none. */
export const isRecordedElsewhere = async (ctx: Ctx, tenantId: string): Promise<boolean> =>
  (await providers.ofTenant(ctx.tx, tenantId))?.authority === 'provider'

/** The other half of not billing anything twice: whoever would issue an invoice asks here. @throws AppError invalid_state */
export async function requireOwnInvoices(ctx: Ctx, tenantId: string): Promise<void> {
  if (await isRecordedElsewhere(ctx, tenantId)) throw new AppError('invalid_state', ELSEWHERE)
}

export const ELSEWHERE =
  'WHMCS keeps the invoices of this tenant: what costs something is ordered, changed and paid there. Payment providers says so, and can be changed.'

/** @throws AppError invalid_state */
export async function requireCollector(ctx: Ctx, tenantId: string): Promise<ProviderRow> {
  const row = await collectorOf(ctx, tenantId)
  if (row === null && (await isRecordedElsewhere(ctx, tenantId)))
    throw new AppError('invalid_state', ELSEWHERE)
  if (row === null)
    throw new AppError(
      'invalid_state',
      'Payments of this tenant are recorded by hand: no provider collects them. Add one under Payment providers.',
    )
  return row
}

const say = (
  ctx: Ctx,
  row: Pick<ProviderRow, 'id' | 'tenant_id' | 'kind'>,
  action: string,
  more: { diff?: Record<string, [unknown, unknown]>; details?: Record<string, unknown> } = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'billingProvider', id: row.id, label: row.kind },
    ...more,
  })

/**
 * Chooses who collects for a tenant, or for all that have not chosen. Key and secret are sealed and never shown again.
 * @throws AppError already_exists
 */
export async function addProvider(
  ctx: Ctx,
  body: z.infer<typeof billingProviderCreate>,
  simulated = false,
): Promise<Shown> {
  const id = newId()
  const now = ctx.now()
  const { kind, tenantId } = body
  const more =
    body.kind === 'manual'
      ? {}
      : {
          live: body.kind === 'whmcs' || isLiveKey(body.key),
          key_sealed: ctx.sealer.seal(body.kind === 'whmcs' ? whmcsKey(body) : body.key, keyPurpose(id)),
          webhook_secret_sealed:
            body.webhookSecret === null ? null : ctx.sealer.seal(body.webhookSecret, hookPurpose(id)),
          charges_automatically: body.chargesAutomatically,
          ...(body.kind === 'whmcs'
            ? { url: withoutTrailingSlashes(body.url), authority: body.authority }
            : {}),
        }
  if (body.kind === 'whmcs') requireOneWhoCharges(body)
  await providers
    .insert(ctx.tx, { id, tenant_id: tenantId, kind, simulated, ...more, created_at: now, updated_at: now })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'billing_providers_once') throw error
      throw new AppError(
        'already_exists',
        'Who collects here is decided already: change that, or take it out first.',
      )
    })
  const details =
    body.kind === 'stripe'
      ? { live: isLiveKey(body.key), chargesAutomatically: body.chargesAutomatically }
      : body.kind === 'whmcs'
        ? {
            url: withoutTrailingSlashes(body.url),
            authority: body.authority,
            chargesAutomatically: body.chargesAutomatically,
          }
        : {}
  await say(ctx, { id, tenant_id: tenantId, kind }, 'BILLING_PROVIDER_CREATED', { details })
  return getProvider(ctx, id)
}

/** Where another system's invoices count, mPanel has none to charge. @throws AppError invalid_input */
function requireOneWhoCharges(of: { authority: string; chargesAutomatically: boolean }): void {
  if (of.authority === 'mpanel' || !of.chargesAutomatically) return
  const message = 'WHMCS charges its own invoices itself: mPanel must not charge any there.'
  throw new AppError('invalid_input', message, { errors: [{ path: 'chargesAutomatically', message }] })
}

/** @throws AppError not_found, invalid_state */
async function lockPresent(ctx: Ctx, id: string): Promise<ProviderRow> {
  const row = await providers.lock(ctx.tx, id)
  if (!row) throw notFound('payment provider')
  if (row.retired_at !== null) throw new AppError('invalid_state', 'This provider is no longer used.')
  return row
}

/**
 * Changes what is named. A key stays in its mode: test and live are two worlds that know nothing of each other.
 * @throws AppError not_found, precondition_failed, invalid_input, invalid_state
 */
export async function updateProvider(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof billingProviderUpdate>,
  version: number | undefined,
): Promise<Shown> {
  const before = await lockPresent(ctx, id)
  requireVersion(before.version, version)
  if (before.kind === 'manual')
    throw new AppError('invalid_state', 'Recording payments by hand has nothing to change.')
  const foreign = before.kind === 'stripe' ? (['whmcs', 'authority'] as const) : (['key'] as const)
  const misplaced = foreign.find((field) => change[field] !== undefined)
  if (misplaced !== undefined) {
    const message = 'This provider has no such setting.'
    throw new AppError('invalid_input', message, { errors: [{ path: misplaced, message }] })
  }
  if (change.key !== undefined && isLiveKey(change.key) !== before.live) {
    const message = `The key must be one of the same mode (${before.live ? 'live' : 'test'}): for the other, take this provider out and add it anew.`
    throw new AppError('invalid_input', message, { errors: [{ path: 'key', message }] })
  }
  const { webhookSecret: hook } = change
  const automatic = change.chargesAutomatically ?? before.charges_automatically
  const authority = change.authority ?? before.authority
  requireOneWhoCharges({ authority, chargesAutomatically: automatic })
  const newKey = change.whmcs === undefined ? change.key : whmcsKey(change.whmcs)
  await providers.update(ctx.tx, id, {
    ...(newKey === undefined
      ? {}
      : { key_sealed: ctx.sealer.seal(newKey, keyPurpose(id)), health: 'unknown', health_message: null }),
    authority,
    ...(hook === undefined
      ? {}
      : { webhook_secret_sealed: hook === null ? null : ctx.sealer.seal(hook, hookPurpose(id)) }),
    ...(change.chargesAutomatically === undefined
      ? {}
      : { charges_automatically: change.chargesAutomatically }),
    updated_at: ctx.now(),
  })
  await say(ctx, before, 'BILLING_PROVIDER_UPDATED', {
    diff: {
      ...(automatic === before.charges_automatically
        ? {}
        : { chargesAutomatically: [before.charges_automatically, automatic] }),
      ...(authority === before.authority ? {} : { authority: [before.authority, authority] }),
    },
    details: { newKey: newKey !== undefined, newWebhook: hook !== undefined },
  })
  // Whose turn it is to bill has changed.
  if (authority !== before.authority && before.tenant_id !== null)
    await contracts.lookAgain(ctx.tx, { tenantId: before.tenant_id }, ctx.now())
  return getProvider(ctx, id)
}

/**
 * Nothing new is collected through it. What was paid through it is still heard of, and given back through it.
 * @throws AppError not_found, invalid_state
 */
export async function retireProvider(ctx: Ctx, id: string): Promise<void> {
  const row = await lockPresent(ctx, id)
  await providers.update(ctx.tx, id, { retired_at: ctx.now(), updated_at: ctx.now() })
  if (row.authority === 'provider') await contracts.lookAgain(ctx.tx, { tenantId: row.tenant_id }, ctx.now())
  await say(ctx, row, 'BILLING_PROVIDER_RETIRED')
}

const digestOf = ({ key, webhookSecret }: { key: string; webhookSecret: string | null }): Buffer =>
  sha256(JSON.stringify([key, webhookSecret]))

/** The platform's provider from the configuration: made at the first start, its secrets renewed at each. */
export async function seedProvider(
  ctx: Ctx,
  { key, webhookSecret, simulated }: { key: string; webhookSecret: string | null; simulated: boolean },
): Promise<string> {
  const row = await providers.ofPlatform(ctx.tx)
  const body = { kind: 'stripe', tenantId: null, key, webhookSecret, chargesAutomatically: true } as const
  if (!row) return (await addProvider(ctx, body, simulated)).id
  // Somebody has chosen otherwise on the page.
  if (row.kind !== 'stripe' || row.simulated !== simulated || row.live !== isLiveKey(key)) return row.id
  if (!hasLostSecret(row)) {
    const known = connectionOf(ctx, row)
    if (known.kind === 'stripe' && digestOf(known).equals(digestOf({ key, webhookSecret }))) return row.id
  }
  await updateProvider(ctx, row.id, { key, webhookSecret }, undefined)
  return row.id
}
