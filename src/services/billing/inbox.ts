import { systemOrigin, transaction, type Ctx, type Root } from '../../context.ts'
import * as events from '../../db/billingEvents.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import { AppError } from '../../errors.ts'
import type { Target } from '../../integrations/billing/types.ts'
import { newId } from '../../lib/ids.ts'
import { enqueueConverge } from '../billingQueues.ts'
import { connectionOf } from './providers.ts'

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
  await within(async (ctx) => {
    const now = ctx.now()
    const { target } = notice
    const isNew = await events.insertOnce(ctx.tx, {
      id: newId(),
      tenant_id: row.tenant_id,
      provider_id: row.id,
      event_id: notice.id,
      type: notice.type,
      target_kind: target?.kind ?? null,
      target: target?.ref ?? null,
      state: target === null ? 'ignored' : 'new',
      raw: body,
      occurred_at: notice.at,
      received_at: now,
      settled_at: target === null ? now : null,
    })
    if (isNew && target !== null) await follow(ctx, row, target, notice.id)
  })
}

const follow = (ctx: Ctx, row: Pick<ProviderRow, 'id' | 'tenant_id'>, target: Target, why: string) =>
  enqueueConverge(ctx, row.tenant_id, { providerId: row.id, ...target, anyway: false }, why)
