import { customerCreate } from '../../../shared/api/customers.ts'
import type { Ctx } from '../../context.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import * as records from '../../db/billingRecords.ts'
import * as customers from '../../db/customers.ts'
import type { RecordClient, RecordInvoice, RecordService } from '../../integrations/billing/types.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as customerService from '../customerService.ts'
import { packed } from './recordKept.ts'

/** `check` finds out what would be done, and does nothing of it. */
export type Mode = 'check' | 'take'
/**
 * `new`: it is taken over. `same`: nothing to do. `changed`: the record follows. `differs`: mPanel has it otherwise and keeps its own.
 * `aside`: a person has to look first. `ours`: mPanel has made it there, to be paid with.
 */
type What = 'new' | 'same' | 'changed' | 'differs' | 'aside' | 'ours'
export type Taken = { what: What; words: string | null }
const plain = (what: What): Taken => ({ what, words: null })

type Of = { ctx: Ctx; provider: ProviderRow; tenantId: string; mode: Mode; look: bigint }

/** Whose client somebody is; whoever was merged into another is that one. */
async function customerOf({ ctx, provider, tenantId }: Of, clientRef: string) {
  const link = await providers.findLink(ctx.tx, provider.id, clientRef)
  const found = link && (await customers.find(ctx.tx, tenantId, link.customer_id))
  return found?.merged_into == null ? found : customers.find(ctx.tx, tenantId, found.merged_into)
}

/** A client of the provider as a customer. What mPanel has of a customer is never overwritten. */
export async function takeClient(of: Of, client: RecordClient): Promise<Taken> {
  const known = await customerOf(of, client.ref)
  if (known) return compared(client, known)
  const { ctx, provider, tenantId, mode } = of
  const { ref: clientRef, email } = client
  const found = await records.candidates(ctx.tx, { tenantId, providerId: provider.id, clientRef, email })
  const byRef = found.filter((one) => one.byRef)
  const [only, ...others] = byRef.length > 0 ? byRef : found
  if (only && others.length > 0)
    return aside(client, 'several customers have this e-mail address: merge them, or change one.')
  const body = customerCreate.safeParse({
    tenantId,
    kind: client.company === null ? 'person' : 'company',
    name: client.name,
    company: client.company,
    email,
    country: client.country,
    currency: client.currency,
  })
  if (!only && !body.success) {
    const [issue] = body.error.issues
    return aside(client, `mPanel does not take ${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? ''}.`)
  }
  if (mode === 'take') {
    const id = only?.id ?? (body.success ? (await customerService.create(ctx, body.data)).id : '')
    await join(of, client, id)
  }
  if (!only) return plain('new')
  const by = only.byRef ? 'whom the provisioning module has made' : 'who has this e-mail address'
  return { what: 'new', words: `${nameOf(client)} is joined with the customer ${by}.` }
}

async function join(
  { ctx, provider, tenantId }: Of,
  client: RecordClient,
  customerId: string,
): Promise<void> {
  const now = ctx.now()
  const { name, email, currency } = client
  const link = await providers.lockLink(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    provider_id: provider.id,
    customer_id: customerId,
    asked: { name, email, currency, key: '', since: now.toISOString() },
    created_at: now,
  })
  await providers.updateLink(ctx.tx, link.id, { external_id: client.ref })
  await auditService.record(ctx, {
    action: 'CUSTOMER_JOINED',
    tenantId,
    target: { type: 'customer', id: customerId, label: name },
    details: { provider: provider.id, client: client.ref },
  })
}

const nameOf = ({ name, ref, email }: RecordClient): string => `Client ${ref} (${name}, ${email})`
const aside = (client: RecordClient, why: string): Taken => ({
  what: 'aside',
  words: `${nameOf(client)}: ${why}`,
})

type Customer = NonNullable<Awaited<ReturnType<typeof customers.find>>>

function compared(client: RecordClient, customer: Customer): Taken {
  const pairs: [string, string | null, string | null][] = [
    ['name', client.name, customer.name],
    ['company', client.company, customer.company],
    ['e-mail address', client.email.toLowerCase(), customer.email.toLowerCase()],
    ['country', client.country, customer.country],
    ['currency', client.currency, customer.currency],
  ]
  const differs = pairs.filter(([, there, here]) => there !== here)
  if (differs.length === 0) return plain('same')
  const said = differs.map(
    ([what, there, here]) => `${what} is “${there ?? ''}” there and “${here ?? ''}” here`,
  )
  return { what: 'differs', words: `${nameOf(client)}: ${said.join('; ')}.` }
}

const lost = (what: string, clientRef: string): Taken => ({
  what: 'aside',
  words: `${what} is of client ${clientRef}, who is no customer yet.`,
})

/** A service as what the provider says of it. */
export async function takeService(of: Of, service: RecordService): Promise<Taken> {
  const { ctx, provider, tenantId, mode, look } = of
  const known = await records.findService(ctx.tx, provider.id, service.ref)
  const customer = await customerOf(of, service.clientRef)
  // Before anything is taken over, its client would be new as well.
  if (!customer) return mode === 'check' ? plain('new') : lost(`Service ${service.ref}`, service.clientRef)
  const seen = {
    customer_id: customer.id,
    product: service.product,
    name: service.name,
    status: service.status,
    currency: service.currency,
    recurring_minor: service.recurringMinor,
    cycle: service.cycle,
    since: service.since,
    next_due: service.nextDue,
  }
  if (mode === 'take')
    await records.putService(ctx.tx, {
      id: newId(),
      tenant_id: tenantId,
      provider_id: provider.id,
      external_id: service.ref,
      ...seen,
      look,
      created_at: ctx.now(),
    })
  return plain(known ? followed(known, seen) : 'new')
}

/** An invoice as what the provider says of it, with its payments. One that mPanel has made there is none of the record. */
export async function takeInvoice(of: Of, invoice: RecordInvoice): Promise<Taken> {
  if (invoice.mark !== null) return plain('ours')
  const { ctx, provider, tenantId, mode, look } = of
  const known = await records.findInvoice(ctx.tx, provider.id, invoice.ref)
  const customer = await customerOf(of, invoice.clientRef)
  if (!customer) return mode === 'check' ? plain('new') : lost(`Invoice ${invoice.number}`, invoice.clientRef)
  const seen = {
    customer_id: customer.id,
    number: invoice.number,
    status: invoice.status,
    currency: invoice.currency,
    issued: invoice.issued,
    due: invoice.due,
    subtotal_minor: invoice.subtotalMinor,
    tax_minor: invoice.taxMinor,
    credit_minor: invoice.creditMinor,
    total_minor: invoice.totalMinor,
    paid_minor: paidOf(invoice),
  }
  if (mode === 'take')
    await records.putInvoice(ctx.tx, {
      id: newId(),
      tenant_id: tenantId,
      provider_id: provider.id,
      external_id: invoice.ref,
      ...seen,
      lines: packed(invoice.lines),
      payments: packed(invoice.payments),
      look,
      created_at: ctx.now(),
    })
  return plain(known ? followed(known, seen) : 'new')
}

export const paidOf = ({ payments }: RecordInvoice): bigint =>
  payments.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)

const followed = (known: object, seen: object): 'same' | 'changed' =>
  Object.entries(seen).every(([field, value]) => (known as Record<string, unknown>)[field] === value)
    ? 'same'
    : 'changed'
