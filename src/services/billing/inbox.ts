import { asSystem, systemOrigin, transaction, type Ctx, type Root } from '../../context.ts'
import * as events from '../../db/billingEvents.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import { AppError } from '../../errors.ts'
import type { Notice, Target } from '../../integrations/billing/types.ts'
import { newId } from '../../lib/ids.ts'
import { faultOf } from '../../lib/outcome.ts'
import { enqueueConverge } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import { connectionOf, hasLostSecret } from './providers.ts'

/** What is stored tells whom it came from; nobody is told why a message was not taken. */
const refused = () =>
  new AppError('malformed_request', 'The signature is not that of a message for this address, sent just now.')

/**
 * Keeps a message of a provider as it came, and a job that goes after it. Nothing is done here but that: the sender waits, and
 * sends again what was not answered with 200, also when it was kept.
 * @param providerId null: the platform's
 * @throws AppError malformed_request for whatever is not proven to come from the provider, just now
 */
export async function receive(
  root: Root,
  requestId: string,
  message: {
    kind: ProviderRow['kind']
    providerId: string | null
    body: Buffer
    signature: string | undefined
  },
): Promise<void> {
  const { kind, providerId, body, signature } = message
  const within = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    transaction(root, systemOrigin('payment provider', requestId), 'platform', work)
  const row = await within((ctx) =>
    providerId === null ? providers.ofPlatform(ctx.tx) : providers.find(ctx.tx, providerId),
  )
  if (row?.kind !== kind) throw refused()
  const provider = root.vendors.billing(connectionOf(root, row))
  const notice = provider.notice(body, signature, root.now())
  // Messages of the other mode are about other money.
  if (notice === null || notice.live !== row.live) throw refused()
  await within((ctx) => keep(ctx, row, notice, body))
}

/** Keeps a message once, and has somebody go after what it is about. */
async function keep(
  ctx: Ctx,
  row: ProviderRow,
  { id, type, target, at }: Notice,
  raw: Buffer,
): Promise<void> {
  const now = ctx.now()
  const isNew = await events.insertOnce(ctx.tx, {
    id: newId(),
    tenant_id: row.tenant_id,
    provider_id: row.id,
    event_id: id,
    type,
    target_kind: target?.kind ?? null,
    target: target?.ref ?? null,
    state: target === null ? 'ignored' : 'new',
    raw,
    occurred_at: at,
    received_at: now,
    settled_at: target === null ? now : null,
  })
  if (isNew && target !== null) await follow(ctx, row, target, id)
}

const DAY_MS = 86_400_000
/** So long a provider keeps what it had to say. */
const KEPT_MS = 30 * DAY_MS
const AT_ONCE = 100

/**
 * Asks providers what they had to say since a day before they were last heard: what was sent while nobody listened, and was given
 * up there, is gone after all the same. What was heard is known, and counts once. A database that was restored has heard nothing
 * for longer than its newest message says: then they are asked for all that they keep.
 */
export async function recoverMissed(root: Root): Promise<void> {
  const label = 'missed messages'
  const { rows, all } = await asSystem(root, label, 'platform', async (ctx) => ({
    rows: await providers.heard(ctx.tx),
    all: await provisioningService.isNewlyConfirmed(ctx),
  }))
  for (const { heard_at, ...row } of rows) {
    // Its page says so; the others are asked all the same.
    if (hasLostSecret(row)) continue
    const heard = all ? 0 : (heard_at ?? row.created_at).getTime() - DAY_MS
    const since = Math.max(heard, root.now().getTime() - KEPT_MS)
    const said = await root.vendors.billing(connectionOf(root, row)).said(new Date(since))
    if (said.outcome !== 'ok') {
      root.log.warn(
        { providerId: row.id, fault: faultOf(said) },
        'a payment provider was not asked what it had to say',
      )
      continue
    }
    const mine = said.value.filter(({ live }) => live === row.live)
    for (let from = 0; from < mine.length; from += AT_ONCE)
      await asSystem(root, label, 'platform', async (ctx) => {
        for (const notice of mine.slice(from, from + AT_ONCE))
          await keep(ctx, row, notice, Buffer.from(JSON.stringify(notice)))
      })
  }
}

const follow = (ctx: Ctx, row: Pick<ProviderRow, 'id' | 'tenant_id'>, target: Target, why: string) =>
  enqueueConverge(ctx, row.tenant_id, { providerId: row.id, ...target, anyway: false }, why)
