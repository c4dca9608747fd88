import { sql } from 'kysely'
import { startStripeSim, type StripeSim } from '../../sim/stripe/server.ts'
import type { BillingProvider, InvoicePayments, PaymentMethod } from '../../shared/api/billingPayments.ts'
import * as invoices from '../../src/db/billingInvoices.ts'
import * as ledger from '../../src/db/billingLedger.ts'
import { createBilling, stripeAt } from '../../src/integrations/billing/client.ts'
import { handlers } from '../../src/jobs/index.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'
import { toRest } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'

/** Calls a second: the simulated one takes any number. */
export const ANY = 10_000
const PROVIDERS = '/api/admin/billing/providers'
export const HOOK_SECRET = 'whsec_simulated'

const sims = new WeakMap<TestApp, Promise<StripeSim>>()

/** The simulated Stripe of an application, by whose clock it goes. What it has to say is kept back. */
export function stripeOf(app: TestApp): Promise<StripeSim> {
  const known = sims.get(app)
  if (known) return known
  const made = startStripeSim({ now: () => app.root.now().getTime() }).then((sim) => {
    sim.webhooks.hold()
    const clients = new Map<string, ReturnType<typeof createBilling>>()
    const stripe = stripeAt(sim.url, ANY)
    app.root.vendors.billing = (connection) => {
      const name = JSON.stringify(connection)
      const client =
        clients.get(name) ??
        createBilling(
          { stripe, send: (request) => app.root.vendors.send(request), now: app.root.now },
          connection,
        )
      clients.set(name, client)
      return client
    }
    return sim
  })
  sims.set(app, made)
  return made
}

async function good<T>(answer: Promise<{ status: number; body: T }>): Promise<T> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body
}

/** An invoice of nothing in particular, as the books have one that was issued. */
export async function openInvoice(app: TestApp, tenantId: string, customerId: string): Promise<string> {
  const [id, at] = [newId(), app.root.now()]
  const date = at.toISOString().slice(0, 10)
  await app.as(async (ctx) => {
    const numbered = await invoices.nextNumber(ctx.tx, { newId: newId(), tenantId, kind: 'invoice', date })
    await ctx.tx
      .insertInto('invoices')
      .values({
        id,
        tenant_id: tenantId,
        customer_id: customerId,
        series_id: numbered.seriesId,
        number: numbered.number,
        status: 'open',
        currency: 'EUR',
        issue_date: date,
        due_date: date,
        subtotal_minor: 499n,
        total_minor: 499n,
        buyer: {},
        seller: {},
        issued_at: at,
        created_at: at,
      })
      .execute()
    await ledger.post(ctx.tx, {
      tenantId,
      kind: 'issue',
      source: { type: 'invoice', id },
      currency: 'EUR',
      at,
      entries: [
        { account: 'receivable', customerId, amountMinor: 499n },
        { account: 'revenue', amountMinor: -499n },
      ],
    })
  })
  return id
}

/** Lets Stripe collect for a tenant. */
export async function collectedBy(
  app: TestApp,
  tenantId: string,
  more: { chargesAutomatically?: boolean } = {},
): Promise<BillingProvider> {
  const sim = await stripeOf(app)
  return good(
    app.admin.post<BillingProvider>(PROVIDERS, {
      kind: 'stripe',
      tenantId,
      key: sim.key,
      webhookSecret: HOOK_SECRET,
      ...more,
    }),
  )
}

/** Does all that waits in the queue of billing, until nothing is left. */
export async function settleBilling(app: TestApp): Promise<void> {
  for (;;) {
    const [next] = await rowsOf(
      app,
      sql<{ id: string; kind: string }>`select id, kind from provisioning_jobs_live where queue = 'billing'
        and state in ('ready', 'scheduled') order by id limit 1`,
    )
    if (!next) return
    const handler = handlers.get(next.kind)
    if (!handler) throw new Error(`there is no handler for ${next.kind}`)
    await toRest(app, next.id, handler)
  }
}

/** Leaves a card on the provider's page, and has mPanel look at it. */
export async function cardFor(
  app: TestApp,
  customerId: string,
  number = '4242424242424242',
): Promise<PaymentMethod> {
  const sim = await stripeOf(app)
  const path = `/api/admin/customers/${customerId}/payment-methods`
  const { url } = await good(app.admin.post<{ url: string }>(path, {}))
  const page = url.split('/').at(-1) ?? ''
  const done = sim.submit(page, number, true)
  if (done.outcome !== 'done') throw new Error(JSON.stringify(done))
  await good(app.admin.post(`${path}/look`, {}))
  await settleBilling(app)
  const [method] = await methodsOf(app, customerId)
  if (!method) throw new Error('the card is not there')
  return method
}

export const methodsOf = async (app: TestApp, customerId: string): Promise<PaymentMethod[]> =>
  (
    await good(
      app.admin.get<{ items: PaymentMethod[] }>(
        `/api/admin/billing/payment-methods?customerId=${customerId}`,
      ),
    )
  ).items

export const triedOf = (app: TestApp, invoiceId: string): Promise<InvoicePayments> =>
  good(app.admin.get<InvoicePayments>(`/api/admin/billing/invoices/${invoiceId}/payments`))

/** Sends events as a provider's endpoint gets them. @returns the statuses */
export async function send(
  app: TestApp,
  provider: { id: string },
  events: readonly { id: string }[],
): Promise<number[]> {
  const sim = await stripeOf(app)
  sim.webhooks.endpoints = [
    { url: `${app.url}/api/webhooks/stripe?provider=${provider.id}`, secret: HOOK_SECRET },
  ]
  const statuses: number[] = []
  for (const { id } of events) {
    const event = sim.world.events.find((one) => one.id === id)
    if (event) statuses.push(...(await sim.webhooks.send(event)))
  }
  return statuses
}
