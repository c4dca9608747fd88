import { sql } from 'kysely'
import type { PaymentAttempt } from '../../shared/api/billingPayments.ts'
import type { StripeSim } from '../../sim/stripe/server.ts'
import { enqueueConverge } from '../../src/services/billingQueues.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'
import { some } from './some.ts'
import { collectedBy, openInvoice, settleBilling, stripeOf, triedOf } from './stripe.ts'

type Place = { sim: StripeSim; tenantId: string; customerId: string; invoiceId: string; providerId: string }

/** The tenant of these cases, which Stripe collects for; each case has a customer of its own. */
const homes = new WeakMap<TestApp, Promise<{ tenantId: string; providerId: string }>>()
function homeIn(app: TestApp): Promise<{ tenantId: string; providerId: string }> {
  const known = homes.get(app)
  if (known) return known
  const made = app
    .tenant()
    .then(async (tenantId) => ({ tenantId, providerId: (await collectedBy(app, tenantId)).id }))
  homes.set(app, made)
  return made
}

/** An invoice that is open, of a customer who may have left a card; what it is for is no matter here. */
async function ordered(app: TestApp, withCard: boolean): Promise<Place> {
  const sim = await stripeOf(app)
  const home = await homeIn(app)
  const customerId = newId()
  await rowsOf(
    app,
    sql`insert into customers (id, tenant_id, name, email, currency, created_at, updated_at)
      values (${customerId}, ${home.tenantId}, 'Ada', ${`${customerId}@example.com`}, 'EUR', now(), now())`,
  )
  const invoiceId = await openInvoice(app, home.tenantId, customerId)
  const place = { sim, ...home, customerId, invoiceId }
  if (withCard) await leaveCard(app, place)
  return place
}

async function leaveCard(app: TestApp, { sim, tenantId, providerId, customerId }: Place): Promise<void> {
  const [id, ref] = [newId(), `cus_${customerId.replaceAll('-', '')}`]
  const metadata = { mpanel_mark: id }
  sim.world.customers.set(ref, { id: ref, created: 0, name: 'Ada', email: null, metadata, deleted: false })
  const card = sim.card(ref)
  await app.as(async ({ tx }) => {
    await sql`insert into billing_customers (id, tenant_id, provider_id, customer_id, external_id, asked, created_at)
      values (${id}, ${tenantId}, ${providerId}, ${customerId}, ${ref}, '{}', now())`.execute(tx)
    await sql`insert into payment_methods (id, tenant_id, provider_id, customer_id, billing_customer_id, external_id, kind,
        is_default, look, created_at)
      values (${newId()}, ${tenantId}, ${providerId}, ${customerId}, ${id}, ${card.id}, 'card', true, 0, now())`.execute(
      tx,
    )
  })
}

const begin = async (
  app: TestApp,
  path: string,
  body: object,
): Promise<{ job: { id: string }; attempt: PaymentAttempt }> => {
  const answer = await app.admin.post<{ job: { id: string }; attempt: PaymentAttempt }>(path, body)
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
  return answer.body
}

/** What both sides say, without names. */
function aboutPlace(app: TestApp, { sim, customerId, invoiceId }: Place, jobId: string): Arranged {
  const world = async () => {
    const { attempts, payments } = await triedOf(app, invoiceId)
    const marks = new Set(attempts.map(({ id }) => id))
    const ours = <T extends { metadata: Record<string, string> }>(all: Iterable<T>): T[] =>
      [...all].filter(({ metadata }) => marks.has(metadata['mpanel_mark'] ?? ''))
    const intents = ours(sim.world.intents.values())
    return {
      attempts: attempts.map(({ state }) => state),
      payments: payments.map(({ amount, refunds }) => [amount.amount, refunds.map(({ state }) => state)]),
      ledger: await rowsOf(
        app,
        sql`select a.code, sum(e.amount_minor)::text as sum from ledger_entries e join ledger_accounts a
          on a.id = e.account_id where a.customer_id = ${customerId} group by a.code order by a.code`,
      ),
      taken: intents.map(({ status, amount }) => [status, amount]),
      pages: ours(sim.world.sessions.values()).map(({ status }) => status),
      givenBack: [...sim.world.refunds.values()]
        .filter(({ payment_intent: of }) => intents.some(({ id }) => id === of))
        .map(({ amount }) => amount),
      customers: (
        await rowsOf(
          app,
          sql<{ id: string }>`select id from billing_customers where customer_id = ${customerId}`,
        )
      ).flatMap(({ id }) =>
        [...sim.world.customers.values()].filter((one) => one.metadata['mpanel_mark'] === id),
      ).length,
      methods: await rowsOf(app, sql`select state from payment_methods where customer_id = ${customerId}`),
    }
  }
  // A person decides about what cannot go on; no more than once anything was taken or given.
  const holdings = async () => {
    const { taken, givenBack } = await world()
    if (taken.length > 1 || givenBack.length > 1) throw new Error('it was done twice')
    return 'once'
  }
  return { jobId, world, holdings, afterPermanent: 'once' }
}

async function arrangeCharge(app: TestApp): Promise<Arranged> {
  const place = await ordered(app, true)
  const { job } = await begin(app, `/api/admin/billing/invoices/${place.invoiceId}/charge`, {})
  return aboutPlace(app, place, job.id)
}

async function arrangeLink(app: TestApp): Promise<Arranged> {
  const place = await ordered(app, false)
  const { job } = await begin(app, `/api/admin/billing/invoices/${place.invoiceId}/pay-link`, {})
  return aboutPlace(app, place, job.id)
}

async function arrangeRefund(app: TestApp): Promise<Arranged> {
  const place = await ordered(app, true)
  await begin(app, `/api/admin/billing/invoices/${place.invoiceId}/charge`, {})
  await settleBilling(app)
  const [paid] = (await triedOf(app, place.invoiceId)).payments
  const body = { amountMinor: '200', reason: 'asked for' }
  const { job } = await begin(app, `/api/admin/billing/payments/${paid?.id}/refund`, body)
  return aboutPlace(app, place, job.id)
}

async function arrangeWithdraw(app: TestApp): Promise<Arranged> {
  const place = await ordered(app, false)
  const { attempt } = await begin(app, `/api/admin/billing/invoices/${place.invoiceId}/pay-link`, {})
  await settleBilling(app)
  const { job } = await begin(app, `/api/admin/billing/payment-attempts/${attempt.id}/cancel`, {})
  return aboutPlace(app, place, job.id)
}

/** Somebody has paid on the page; the message about it waits. */
async function arrangeConverge(app: TestApp): Promise<Arranged> {
  const place = await ordered(app, false)
  await begin(app, `/api/admin/billing/invoices/${place.invoiceId}/pay-link`, {})
  await settleBilling(app)
  const [attempt] = (await triedOf(app, place.invoiceId)).attempts
  const ref = attempt?.url?.split('/').at(-1) ?? ''
  place.sim.submit(ref, '4242424242424242')
  const payload = { providerId: place.providerId, kind: 'page', ref, anyway: true } as const
  const { id } = await app.as((ctx) => enqueueConverge(ctx, place.tenantId, payload, newId()))
  return aboutPlace(app, place, id)
}

/** The cases of the jobs that speak with a payment provider. */
export const billingCases = (handlerOf: (kind: string) => AnyHandler): JobCase[] =>
  (
    [
      ['payment.collect', 'a charge', arrangeCharge],
      // The steps are the same: how a page is made is tried in each second run.
      ...some([['payment.collect', 'a link', arrangeLink] as const, null]).filter((one) => one !== null),
      ['payment.refund', 'a part', arrangeRefund],
      ['payment.withdraw', 'a link', arrangeWithdraw],
      ['payment.converge', 'a page that was paid on', arrangeConverge],
    ] as const
  ).map(([kind, what, arrange]) => ({
    name: `${kind}: ${what}`,
    handler: handlerOf(kind),
    permanent: 'stuck' as const,
    arrange,
  }))
