import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startViesSim, type ViesSim } from '../../sim/vies/server.ts'
import type { CustomerTax, TaxEvidence } from '../../shared/api/billingTaxes.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import * as billingTaxService from '../../src/services/billingTaxService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { settleBilling } from '../support/stripe.ts'
import { made, taxed } from './taxWorld.ts'
import { shop, type Shop } from './world.ts'

const TAX_ID = 'DE811907980'
const DAY_MS = 86_400_000

let app: TestApp
let sim: ViesSim
beforeAll(async () => {
  sim = await startViesSim()
  app = await startApp({
    worker: false,
    env: { VIES_URL: sim.url, MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' },
  })
})
afterAll(async () => {
  await app.close()
  await sim.close()
})
afterEach(() => {
  app.clock.offsetMs = 0
  sim.given.clear()
  sim.away.clear()
  sim.calls.splice(0)
})

/** A seller in Italy with a company in Germany that has a VAT number. */
async function buyer(taxIds: object[] = [{ type: 'vat', country: 'DE', value: TAX_ID }]): Promise<Shop> {
  const seller = await shop(app)
  await taxed(app, seller)
  await change(seller, { kind: 'company', company: 'ACME', country: 'DE', taxIds })
  return seller
}
const change = ({ customerId }: Shop, body: object) =>
  made(app.admin.call('PATCH', `/api/admin/customers/${customerId}`, body))
const later = (days: number) => void (app.clock.offsetMs += days * DAY_MS)

/** Does what is due, and what came of it. A session does not last as long as the clock jumps. */
async function checked(seller: Shop): Promise<CustomerTax & { evidence: TaxEvidence[] }> {
  await billingTaxService.checkDue(app.root)
  return now(seller)
}
async function now({ tenantId, customerId }: Shop) {
  await settleBilling(app)
  return app.as(async (ctx) => ({
    ...(await billingTaxService.customerTax(ctx, tenantId, customerId, { amountMinor: '0' })),
    evidence: (
      await billingTaxService.listEvidence(ctx, tenantId, customerId, { limit: 50, sort: 'createdAt' })
    ).items,
  }))
}
test('a new VAT number is checked by itself, and reverse charge follows the answer, which is kept with its number', async () => {
  sim.given.set(TAX_ID, 'ACME GmbH')
  const seller = await buyer()
  expect((await now(seller)).checks).toMatchObject([{ taxId: TAX_ID, result: null, askedAt: null }])
  const { category, checks, evidence } = await checked(seller)
  const [call] = sim.calls
  expect(call).toMatchObject({ taxId: TAX_ID, requester: 'IT00743110157' })
  expect(category).toBe('AE')
  expect(checks).toMatchObject([
    { result: 'valid', problem: null, traderName: 'ACME GmbH', reference: call?.reference },
  ])
  expect(evidence).toMatchObject([
    { taxId: TAX_ID, isValid: true, method: 'vies', reference: call?.reference },
  ])
  const audited = sql`select details ->> 'reference' as reference from audit_events
    where action = 'TAX_EVIDENCE_RECORDED' and target_id = ${seller.customerId}`
  expect(await rowsOf(app, audited)).toEqual([{ reference: call?.reference }])
  await checked(seller)
  expect(sim.calls).toHaveLength(1)
})

test('a number that nobody was given is evidence too: the rate is charged', async () => {
  const seller = await buyer()
  expect(await checked(seller)).toMatchObject({
    category: 'S',
    checks: [{ result: 'invalid' }],
    evidence: [{ isValid: false }],
  })
})

test('what cannot be found out is neither valid nor invalid, leaves what was known, and is tried again later', async () => {
  sim.given.set(TAX_ID, null)
  sim.away.add('DE')
  const seller = await buyer()
  const away = await checked(seller)
  expect(away).toMatchObject({ category: 'S', evidence: [] })
  expect(away.checks).toMatchObject([{ result: 'unknown', problem: 'VIES answered MS_UNAVAILABLE.' }])
  await checked(seller)
  const jobs = sql`select state from provisioning_jobs where tenant_id = ${seller.tenantId} and kind = 'billing.taxCheck'`
  // Not before its time.
  expect(await rowsOf(app, jobs)).toEqual([{ state: 'succeeded' }])
  sim.away.clear()
  later(1)
  expect(await checked(seller)).toMatchObject({
    category: 'AE',
    checks: [{ result: 'valid', problem: null }],
  })
  sim.away.add('DE')
  later(360)
  expect(await checked(seller)).toMatchObject({ category: 'AE', checks: [{ result: 'unknown' }] })
})

test('a number is asked after again before its evidence runs out, and one that is not given out any more loses it', async () => {
  sim.given.set(TAX_ID, null)
  const seller = await buyer()
  await checked(seller)
  sim.given.clear()
  later(340)
  expect((await checked(seller)).category).toBe('AE')
  later(12)
  expect(await checked(seller)).toMatchObject({ checks: [{ result: 'invalid' }], category: 'S' })
})

test('another number is asked after, and one that was taken away is not, also while it was on its way', async () => {
  sim.given.set(TAX_ID, null).set('DE136695976', null)
  const seller = await buyer()
  await billingTaxService.checkDue(app.root)
  await change(seller, { taxIds: [{ type: 'vat', country: 'DE', value: 'DE136695976' }] })
  expect(await now(seller)).toMatchObject({ checks: [{ taxId: 'DE136695976', result: null }], evidence: [] })
  expect(sim.calls).toEqual([])
  expect(await checked(seller)).toMatchObject({ category: 'AE', evidence: [{ taxId: 'DE136695976' }] })
  await change(seller, { taxIds: [] })
  expect(await now(seller)).toMatchObject({ checks: [], category: 'S' })
})

test('somebody has one checked at once; what the service does not know is not asked', async () => {
  sim.given.set(TAX_ID, null)
  const seller = await buyer([
    { type: 'vat', country: 'DE', value: TAX_ID },
    { type: 'vat', country: 'CH', value: 'CHE116281710MWST' },
  ])
  const path = `/api/admin/customers/${seller.customerId}/tax-checks`
  const asked = await app.admin.post<{ job: Job }>(path, { taxId: TAX_ID })
  expect([asked.status, asked.body.job.kind]).toEqual([202, 'billing.taxCheck'])
  expect(await now(seller)).toMatchObject({ category: 'AE', checks: [{ taxId: TAX_ID, result: 'valid' }] })
  for (const taxId of ['CHE116281710MWST', 'DE1']) {
    const refused = await app.admin.post<{ errors: { path: string }[] }>(path, { taxId })
    expect([refused.status, refused.body.errors[0]?.path]).toEqual([422, 'taxId'])
  }
  expect(sim.calls).toHaveLength(1)
})

test('where no service is named nothing is asked, and a check by hand is what counts', async () => {
  const seller = await buyer()
  app.root.settings.checksTaxIds = false
  try {
    expect(await checked(seller)).toMatchObject({ checks: [], evidence: [] })
    const path = `/api/admin/customers/${seller.customerId}/tax-checks`
    const refused = await app.admin.post<{ code: string }>(path, { taxId: TAX_ID })
    expect([refused.status, refused.body.code]).toEqual([409, 'invalid_state'])
  } finally {
    app.root.settings.checksTaxIds = true
  }
})
