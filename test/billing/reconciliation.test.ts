import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BILLING_FINDING_KINDS } from '../../shared/states/billingFinding.ts'
import type { Dashboard } from '../../shared/api/dashboard.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as findingService from '../../src/services/billingFindingService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { settleBilling } from '../support/stripe.ts'
import { contractIn } from './contractWorld.ts'
import { auditOf, compared, findingsOf, foundIn } from './reconciliationWorld.ts'
import { makeRoom, order, payment, shop, type Shop } from './world.ts'

let app: TestApp
let owner: Owner
let seller: Shop
/** A delivered subscription that is paid. */
let id: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  owner = await ownerOf(app.ownerUrl)
  // Whoever owns the database can write what mPanel cannot.
  await owner.query(`set session_replication_role = replica`)
  seller = await shop(app)
  id = await contractIn(app, seller)
  // Paid and cancelled: there is a credit note, and the customer has something in hand.
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller, 'year'))
  await app.as((ctx) =>
    BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment(invoice.total.amount)),
  )
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: 'x' }),
  )
})
afterAll(async () => {
  await owner.close()
  await app.close()
})

const entry = (code: string): string =>
  `(select min(e.id) from ledger_entries e join ledger_accounts a on a.id = e.account_id
    where a.code = '${code}' and e.tenant_id = $1)`

/** How each kind comes about, and goes away again. `$1`: the tenant, `$2`: the subscription. */
const PROVOKED: { kind: string; broken: string[]; mended: string[]; found: RegExp; about: string }[] = [
  {
    kind: 'ledger_unbalanced',
    broken: [`update ledger_entries set amount_minor = amount_minor + 1 where id = ${entry('revenue')}`],
    mended: [`update ledger_entries set amount_minor = amount_minor - 1 where id = ${entry('revenue')}`],
    found: /^They sum to 0.01 EUR/,
    about: 'ledger',
  },
  {
    kind: 'receivable_differs',
    broken: [
      `update ledger_entries set amount_minor = amount_minor + 1 where id = ${entry('receivable')}`,
      `update ledger_entries set amount_minor = amount_minor - 1 where id = ${entry('revenue')}`,
    ],
    mended: [
      `update ledger_entries set amount_minor = amount_minor - 1 where id = ${entry('receivable')}`,
      `update ledger_entries set amount_minor = amount_minor + 1 where id = ${entry('revenue')}`,
    ],
    found: /^The ledger says 0.01 EUR/,
    about: 'customer',
  },
  {
    kind: 'cash_differs',
    broken: [`update payments set amount_minor = amount_minor + 100 where tenant_id = $1`],
    mended: [`update payments set amount_minor = amount_minor - 100 where tenant_id = $1`],
    found: /^The ledger says /,
    about: 'ledger',
  },
  {
    kind: 'invoice_differs',
    broken: [`update credit_notes set total_minor = total_minor + 1 where tenant_id = $1`],
    mended: [`update credit_notes set total_minor = total_minor - 1 where tenant_id = $1`],
    found: /^The invoice says that 59.90 EUR are credited/,
    about: 'invoice',
  },
  {
    kind: 'number_gap',
    broken: [`update invoice_series set next_no = next_no + 2 where tenant_id = $1 and kind = 'invoice'`],
    mended: [`update invoice_series set next_no = next_no - 2 where tenant_id = $1 and kind = 'invoice'`],
    found: /^2 have none: INV-000003, INV-000004/,
    about: 'series',
  },
  {
    kind: 'not_delivered',
    broken: [`update cloud_pods set state = 'failed' where tenant_id = $1 and subscription_id = $2`],
    mended: [`update cloud_pods set state = 'active' where tenant_id = $1 and subscription_id = $2`],
    found: /^There is no pod/,
    about: 'subscription',
  },
  {
    kind: 'not_billed',
    broken: [
      `update invoice_lines set voided = true where tenant_id = $1
        and item_id in (select i.id from subscription_items i where i.subscription_id = $2)`,
    ],
    mended: [
      `update invoice_lines set voided = false where tenant_id = $1
        and item_id in (select i.id from subscription_items i where i.subscription_id = $2)`,
    ],
    found: /^There is none/,
    about: 'subscription',
  },
  {
    kind: 'suspended_though_paid',
    broken: [
      `update subscriptions set state = 'suspended', updated_at = now() - interval '2 hours' where tenant_id = $1 and id = $2`,
    ],
    mended: [`update subscriptions set state = 'active' where tenant_id = $1 and id = $2`],
    found: /^The subscription is suspended/,
    about: 'subscription',
  },
  {
    kind: 'runs_after_end',
    broken: [
      `update subscriptions set state = 'terminated', ended_at = now() where tenant_id = $1 and id = $2`,
    ],
    mended: [`update subscriptions set state = 'active', ended_at = null where tenant_id = $1 and id = $2`],
    found: /^Its pod is active/,
    about: 'subscription',
  },
]

const write = async (statements: readonly string[]): Promise<void> => {
  for (const statement of statements)
    await owner.query(statement, statement.includes('$2') ? [seller.tenantId, id] : [seller.tenantId])
}

test('books that agree have no findings, and every kind is provoked here or with the providers', async () => {
  const run = await compared(app, seller.tenantId)
  expect(run.report).toEqual({
    parts: [{ provider: null, checked: 0, problem: null }],
    opened: 0,
    closed: 0,
    live: 0,
  })
  expect(await findingsOf(app, seller.tenantId, '')).toEqual([])
  const withProviders = /^payment_|^refund_|^dispute_|^record_/
  expect(PROVOKED.map(({ kind }) => kind).toSorted()).toEqual(
    BILLING_FINDING_KINDS.filter((kind) => !withProviders.test(kind)).toSorted(),
  )
})

test.each(PROVOKED)(
  '$kind is opened once, says what differs, is counted, and ends by itself',
  async ({ kind, broken, mended, found, about }) => {
    const { tenantId } = seller
    await write(broken)
    const first = await compared(app, tenantId)
    expect(first.report).toMatchObject({ opened: 1, closed: 0, live: 1 })
    const open = await findingsOf(app, tenantId)
    expect(open).toMatchObject([
      { kind, state: 'open', tenantId, provider: null, subject: { type: about }, closedAt: null },
    ])
    const [finding] = open
    if (!finding) throw new Error('nothing was found')
    expect(finding.found).toMatch(found)
    expect(finding.expected).toMatch(/\.$/)
    expect(finding.whatToDo.length).toBeGreaterThan(20)
    expect((await compared(app, tenantId)).report).toMatchObject({ opened: 0, closed: 0, live: 1 })
    expect((await findingsOf(app, tenantId)).map((one) => one.id)).toEqual([finding.id])
    const { body } = await app.admin.get<Dashboard>(`/api/admin/dashboard?tenantId=${tenantId}`)
    expect(body.billingFindings).toEqual([{ kind, count: 1 }])
    await provisioningService.watch(app.root)
    expect(await (await fetch(`${app.url}/metrics`)).text()).toMatch(/mpanel_alerts\{code="findings"\} 1/)
    await write(mended)
    expect((await compared(app, tenantId)).report).toMatchObject({ opened: 0, closed: 1, live: 0 })
    expect(await findingsOf(app, tenantId)).toEqual([])
    expect(await auditOf(app, finding.id)).toEqual(['FINDING_OPENED', 'FINDING_CLOSED'])
    await provisioningService.watch(app.root)
  },
)

test('what is known is ignored with a reason, is told again when it changes, and nobody else sees it', async () => {
  const { tenantId } = seller
  const gap = (by: number): Promise<object[]> =>
    owner.query(
      `update invoice_series set next_no = next_no + $2 where tenant_id = $1 and kind = 'invoice'`,
      [tenantId, by],
    )
  await gap(1)
  await compared(app, tenantId)
  const [finding] = await findingsOf(app, tenantId)
  const path = `/api/admin/billing/findings/${finding?.id}/ignore`
  const reason = 'A number was used up by hand.'
  const stranger = await app.login('TENANT_OWNER', await app.tenant())
  expect((await stranger.post(path, { reason })).body).toMatchObject({ code: 'forbidden' })
  expect((await stranger.get<{ items: object[] }>('/api/admin/billing/findings')).body.items).toEqual([])
  expect((await app.admin.post(path, { reason })).body).toMatchObject({ state: 'ignored', reason })
  expect((await app.admin.post(path, { reason })).status).toBe(409)
  expect(await foundIn(app, tenantId)).toEqual([])
  await gap(1)
  expect(await foundIn(app, tenantId)).toEqual([
    ['number_gap', expect.stringMatching(/^2 have none/) as string],
  ])
  await gap(-2)
  expect(await foundIn(app, tenantId)).toEqual([])
  expect(await auditOf(app, finding?.id ?? '')).toEqual([
    'FINDING_OPENED',
    'FINDING_DECIDED',
    'FINDING_CLOSED',
  ])
  expect((await app.admin.post(path, { reason })).body).toMatchObject({ code: 'invalid_state' })
})

test('the books of every tenant are compared once a night, and not twice at the same time', async () => {
  const { tenantId } = seller
  const runs = async () =>
    (await rowsOf(app, sql`select from billing_reconciliations where tenant_id = ${tenantId}`)).length
  const before = await runs()
  await findingService.reconcileDue(app.root)
  expect(await runs()).toBe(before)
  app.clock.offsetMs = 86_400_000
  await findingService.reconcileDue(app.root)
  expect(await runs()).toBe(before + 1)
  await expect(app.as((ctx) => findingService.beginReconciliation(ctx, tenantId))).rejects.toMatchObject({
    code: 'invalid_state',
  })
  await settleBilling(app)
  await findingService.reconcileDue(app.root)
  expect(await runs()).toBe(before + 1)
  // A quarter later there is only the one that begins then.
  app.clock.offsetMs = 93 * 86_400_000
  await findingService.reconcileDue(app.root)
  expect(await runs()).toBe(1)
  app.clock.offsetMs = 0
})
