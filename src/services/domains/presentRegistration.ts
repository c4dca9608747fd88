import type { DomainOperation, DomainRegistration } from '../../../shared/api/domainRegistrations.ts'
import type { Ctx } from '../../context.ts'
import * as customers from '../../db/customers.ts'
import * as domains from '../../db/domains.ts'
import * as operations from '../../db/domainOperations.ts'
import type { OperationRow } from '../../db/domainOperations.ts'
import * as registrars from '../../db/domainRegistrars.ts'
import { notFound } from '../../errors.ts'
import type { ListOptions } from '../../db/list.ts'
import { toMoney } from '../../lib/money.ts'
import * as provisioningService from '../provisioningService.ts'
import { premiumOf, renewalOf } from './premium.ts'
import { offerFor, requestOf, wordsOf } from './ordering.ts'

const isoOf = (at: Date | null): string | null => at?.toISOString() ?? null

export const presentOperation = (row: OperationRow, name: string): DomainOperation => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  words: wordsOf(row.kind, requestOf(row), name),
  message: row.error_message ?? row.words,
  price: row.price_minor === null || row.currency === null ? null : toMoney(row.price_minor, row.currency),
  invoiceId: row.invoice_id,
  by: (row.actor as { label?: string }).label ?? '',
  createdAt: row.created_at.toISOString(),
  endedAt: isoOf(row.ended_at),
})

/** Where nothing else is to be said of an operation: what keeps its job from going on. */
const withWait = async (ctx: Ctx, domainId: string, asked: DomainOperation): Promise<DomainOperation> => ({
  ...asked,
  message: asked.message ?? (await provisioningService.waitsFor(ctx, 'domain', domainId)),
})

/** What is known of a domain's registration. @throws AppError not_found */
export async function getRegistration(ctx: Ctx, tenantId: string, id: string): Promise<DomainRegistration> {
  const row = await domains.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('domain')
  const { registrar_account_id: accountId } = row
  const account = accountId === null ? undefined : await registrars.find(ctx.tx, accountId)
  const contacts = await operations.contactsOf(ctx.tx, tenantId, id)
  const of = (role: string) => contacts.find((one) => one.role === role)?.data
  const [open] = await operations.open(ctx.tx, tenantId, id)
  const customer =
    row.customer_id === null ? undefined : await customers.find(ctx.tx, tenantId, row.customer_id)
  // What was agreed to counts from the order on.
  const priced = { ...row, premium: row.premium ?? (open && requestOf(open).premium) ?? null }
  const premium = premiumOf(priced)
  const priceOf = async (operation: 'renew' | 'restore') => {
    if (!customer || accountId === null) return null
    const { currency } = customer
    if (premium !== null) {
      const sale = await renewalOf(ctx, priced, operation, currency)
      return sale && toMoney(sale.minor, currency)
    }
    const offer = await offerFor(ctx, { operation, years: 1, currency, name: row.name, accountId })
    return offer && toMoney(offer.minor, currency)
  }
  return {
    id,
    tenantId,
    name: row.unicode_name,
    registration: row.registration,
    simulated: account?.simulated ?? false,
    registrar: account?.name ?? null,
    registeredAt: isoOf(row.registered_at),
    expiresAt: isoOf(row.expires_at),
    autoRenew: row.auto_renew,
    locked: row.locked,
    privacy: account?.driver === 'namesilo' ? row.privacy : null,
    statuses: row.registry_statuses,
    finding: row.registry_finding,
    syncedAt: isoOf(row.synced_at),
    keepsContacts: (account?.config as { contacts?: boolean } | undefined)?.contacts !== false,
    contacts: of('registrant')
      ? ({
          registrant: of('registrant'),
          admin: of('admin'),
          tech: of('tech'),
          billing: of('billing'),
        } as DomainRegistration['contacts'])
      : null,
    nameservers: (await operations.nameserversOf(ctx.tx, tenantId, id)).map(({ host, addresses }) => ({
      host,
      addresses,
    })),
    ds: row.ds_records as DomainRegistration['ds'],
    operation: open ? await withWait(ctx, id, presentOperation(open, row.unicode_name)) : null,
    premium: premium !== null,
    renewal: await priceOf('renew'),
    renewalSeen:
      premium?.seen === null || premium?.seen === undefined || !account
        ? null
        : toMoney(BigInt(premium.seen), account.currency),
    restore: await priceOf('restore'),
  }
}

/** What was asked of a domain's registry, newest first. @throws AppError not_found */
export async function listOperations(ctx: Ctx, tenantId: string, id: string, options: ListOptions) {
  const row = await domains.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('domain')
  const page = await operations.list(ctx.tx, tenantId, id, options)
  return {
    items: page.items.map((one) => presentOperation(one, row.unicode_name)),
    nextCursor: page.nextCursor,
  }
}
