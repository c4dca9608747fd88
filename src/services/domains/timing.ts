import { asSystem, eachAsSystem, type Ctx, type Root } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import * as operations from '../../db/domainOperations.ts'
import * as registrars from '../../db/domainRegistrars.ts'
import type { RegistryMessage } from '../../integrations/registrars/types.ts'
import { AppError } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import type { Words } from '../../words.ts'
import { enqueuePoll, enqueueSync, registrarPoll } from '../domainQueues.ts'
import { emit } from './changes.ts'
import { tellRenewalFailed } from './notices.ts'
import { beginPaid, cancelUnpaid } from './ordering.ts'
import { renew } from './registering.ts'
import { noteWarning } from './registrarBalance.ts'

const BATCH = 200

const follow = (ctx: Ctx, { id, is, tenant_id: tenantId }: operations.Paid): Promise<void> =>
  is === 'paid' ? beginPaid(ctx, tenantId, id) : cancelUnpaid(ctx, tenantId, id, WHY[is])

/** An order begins whose money has arrived, or ends whose invoice was taken back. One that must still wait is left as it is. */
export async function followPayment(ctx: Ctx, operationId: string): Promise<void> {
  const [order] = await operations.decidedOrders(ctx.tx, { now: ctx.now(), id: operationId })
  if (order) await follow(ctx, order)
}

/**
 * Orders that nobody paid end, and those whose payment has not told so by its job begin: one that came while the registry
 * decided about something else, or whose job somebody has cancelled.
 */
export async function followPayments(root: Root): Promise<void> {
  const rows = await asSystem(root, 'domains', 'platform', (ctx) =>
    operations.decidedOrders(ctx.tx, { now: ctx.now(), limit: BATCH }),
  )
  await eachAsSystem(root, {
    label: 'domains',
    rows,
    fault: 'an order about a domain could not be begun or ended',
    work: follow,
  })
}

const WHY = {
  late: ({ t }: Words) => t`It was not paid in time.`,
  void: ({ t }: Words) => t`Its invoice was taken back.`,
}

/** Orders looks at the domains whose time has come. */
export const syncDue = (root: Root): Promise<void> =>
  asSystem(root, 'domains', 'platform', async (ctx) => {
    for (const row of await operations.dueForSync(ctx.tx, ctx.now(), BATCH)) await enqueueSync(ctx, row)
  })

/** Orders looks at what registries have to tell. */
export const pollAll = (root: Root): Promise<void> =>
  asSystem(root, 'domains', 'platform', async (ctx) => {
    for (const account of await registrars.without(ctx.tx, registrarPoll.kind))
      await enqueuePoll(ctx, account)
  })

const tried = (ctx: Ctx, id: string): Promise<unknown> =>
  domains.update(ctx.tx, id, { renewal_tried_at: ctx.now(), updated_at: ctx.now() })

/** Orders renewals of domains that are to be kept. One that cannot be ordered is tried again nearer to the expiry. */
export async function renewDue(root: Root): Promise<void> {
  const rows = await asSystem(root, 'domains', 'platform', (ctx) =>
    operations.dueForRenewal(ctx.tx, ctx.now(), BATCH),
  )
  await eachAsSystem(root, {
    label: 'domains',
    rows,
    fault: 'a renewal could not be ordered',
    work: async (ctx, { id, tenant_id: tenantId }) => {
      await tried(ctx, id)
      await renew(ctx, tenantId, id, 1, 'seen')
    },
    excuse: async (error, row) => {
      if (!(error instanceof AppError)) return false
      await asSystem(root, 'domains', [row.tenant_id], async (ctx) => {
        await tried(ctx, row.id)
        await emit(ctx, row, 'DOMAIN_RENEWAL_NOT_ORDERED', {}, { reason: error.message })
        await tellRenewalFailed(ctx, row, `not ordered ${ctx.now().toISOString()}`, error.message)
      })
      return true
    },
  })
}

/** Keeps a message of a registry, once, and orders a look at the domain it is about: it is a doorbell, and not believed. */
export async function keepMessage(ctx: Ctx, accountId: string, message: RegistryMessage): Promise<void> {
  const isNew = await registrars.insertEvent(ctx.tx, {
    id: newId(),
    account_id: accountId,
    message_id: message.id,
    about: message.about,
    name: message.name,
    text: message.text,
    said_at: message.at,
    received_at: ctx.now(),
  })
  if (!isNew) return
  const domain = message.name === null ? undefined : await operations.byName(ctx.tx, accountId, message.name)
  if (domain) {
    await enqueueSync(ctx, domain)
    await emit(ctx, domain, 'DOMAIN_REGISTRY_MESSAGE', {}, { about: message.about, text: message.text })
  }
  if (message.about === 'low_balance') await noteWarning(ctx, accountId, message)
}
