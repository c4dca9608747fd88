import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Invoice } from '../../shared/api/billing.ts'
import { htmlOf } from '../../src/services/billing/documentHtml.ts'
import { pdfOf } from '../../src/services/billing/documentPdf.ts'
import type { BillingDocument } from '../../src/services/billing/documentTypes.ts'
import { invoicePdf } from '../../src/services/billingDocumentService.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { mailsOf } from '../support/mails.ts'
import { pdfText } from '../support/pdfText.ts'
import { contractIn, forget, run, runIfDue, travel } from './contractWorld.ts'
import { made, taxed } from './taxWorld.ts'
import { makeRoom, order, orderAs, shop, type Shop } from './world.ts'

let app: TestApp
let owner: Owner
beforeAll(async () => {
  app = await startApp({ worker: false })
  owner = await ownerOf(app.ownerUrl)
  await makeRoom(app)
})
afterAll(async () => {
  await owner.close()
  await app.close()
})
afterEach(async () => {
  app.clock.offsetMs = 0
  await forget(app)
})

/** A shop whose one customer reads this. */
async function shopFor(language: string | null): Promise<Shop> {
  const seller = await shop(app)
  await speaks(seller, language)
  return seller
}
const speaks = ({ customerId }: Shop, language: string | null) =>
  made(app.admin.call('PATCH', `/api/admin/customers/${customerId}`, { language }))
const ofTenant = ({ tenantId }: Shop, language: string) =>
  made(app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'branding.language': language }))

const htmlAt = async (id: string, query = '') =>
  (await app.admin.get<string>(`/api/admin/billing/invoices/${id}/document${query}`)).body
const textOf = async (seller: Shop, invoiceId: string): Promise<string> => {
  const wanted = { invoiceId, of: 'invoice' } as const
  return pdfText((await invoicePdf((work) => app.as(work), seller.tenantId, wanted)).content)
}

test('a German customer’s invoice is in German as a page and as a PDF, with the words that the law asks for, and stays so whatever he reads later', async () => {
  const seller = await shopFor('de-AT')
  await taxed(app, seller)
  const { invoice } = await app.as((ctx) => order(ctx, seller, 'year'))
  const before = await htmlAt(invoice.id)
  await speaks(seller, 'en')
  await ofTenant(seller, 'en')
  const html = await htmlAt(invoice.id)
  expect(html).toBe(before)
  expect(html).toContain('<html lang="de-AT">')
  const text = await textOf(seller, invoice.id)
  for (const said of [
    `Rechnung ${invoice.number}`,
    `Rechnungsnummer: ${invoice.number}`,
    'Rechnungsdatum: ',
    'Zahlbar bis ',
    'Leistender Unternehmer',
    'Plan, 1 Jahr, Leistungszeitraum ab Bereitstellung',
    'Plan, Einrichtung',
    'Nettobetrag',
    'USt.',
    'Gesamtbetrag',
    'IT00743110157',
  ]) {
    expect(html, said).toContain(said)
    expect(text.toLowerCase(), said).toContain(said.toLowerCase())
  }
  expect(text).toContain('Seite 1 von 1')
  expect(text).toContain('€\u00a049,90')
  expect(html).not.toMatch(/Invoice|Issued|Seller|Net<|>Tax/)
})

test('where the customer owes the tax, a German invoice says so in the words of the law, beside the reason that was kept', async () => {
  const tax = { category: 'AE', ratePpm: 0, included: false, reason: 'Article 196' } as const
  const line = { no: 1, description: 'Ümläute: äöüß', tax, netMinor: 500n, taxMinor: 0n, grossMinor: 500n }
  const given = { ...issuedBefore, language: 'de', lines: [line], taxes: [line], sum: line }
  const text = pdfText(await pdfOf(given, BRAND)).replaceAll('\n', ' ')
  for (const said of ['Steuerschuldnerschaft des Leistungsempfängers', 'Article 196', 'Ümläute: äöüß'])
    expect(text).toContain(said)
  expect(htmlOf(given).html).toContain('Steuerschuldnerschaft des Leistungsempfängers')
})

test('a renewal, a payment that does not come and the end are told to a German customer in German', async () => {
  const seller = await shopFor('de')
  await made(
    app.admin.post('/api/admin/billing/dunning-policies', {
      tenantId: seller.tenantId,
      remindAfterDays: [3],
      suspendAfterDays: 10,
      terminateAfterDays: 20,
    }),
  )
  travel(app, '2027-01-10T08:00:00Z')
  await contractIn(app, seller)
  travel(app, '2027-02-03T10:00:00Z')
  await run(app)
  for (const day of ['2027-02-13', '2027-02-14', '2027-02-21']) {
    travel(app, `${day}T10:00:00Z`)
    await runIfDue(app)
  }
  const [issued, reminder, ...rest] = await mailsOf(app, seller.tenantId)
  expect([issued?.template, reminder?.template]).toEqual(['invoiceIssued', 'invoiceOverdue'])
  expect(issued?.subject).toMatch(/^Rechnung INV-000002 für pod-/)
  expect(issued?.text).toContain('kostet 4,99\u00a0€.')
  expect(issued?.text).toContain('Bitte zahlen Sie 4,99\u00a0€ bis zum 10.02.2027.')
  expect(reminder?.subject).toMatch(/^Zahlungserinnerung: pod-/)
  expect(reminder?.text).toMatch(/war am 10\.02\.2027 fällig/)
  expect(reminder?.text).toMatch(/Ist sie am 20\.02\.2027 noch offen, wird pod-\S+ abgeschaltet\./)
  expect(rest).toEqual([])
})

test('an order that nobody pays is taken back with a German document that is no “Gutschrift”', async () => {
  const seller = await shopFor('de')
  travel(app, '2027-01-10T08:00:00Z')
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  travel(app, '2027-03-10T08:00:00Z')
  await BillingService.endDue(app.root)
  app.clock.offsetMs = 0
  const html = await htmlAt(invoice.id, '?of=credit_note')
  for (const said of [
    'Rechnungskorrektur CN-000001',
    'Datum: 10.03.2027',
    'Grund: nicht rechtzeitig bezahlt',
  ])
    expect(html).toContain(said)
  expect(html).toContain(`Korrigiert Rechnung ${invoice.number} vom 10.01.2027`)
  expect(html).not.toContain('Gutschrift')
})

test('a change of the plan is shown and charged in the customer’s language', async () => {
  const seller = await shopFor('de')
  travel(app, '2027-01-10T08:00:00Z')
  const id = await contractIn(app, seller)
  travel(app, '2027-01-20T08:00:00Z')
  const priceId = seller.plan.prices.find(({ interval }) => interval === 'year')?.id
  const shown = await app.as((ctx) =>
    BillingService.previewChange(ctx, seller.tenantId, id, { priceId, when: 'now', restart: false }),
  )
  expect(shown.lines.map(({ description }) => description)).toEqual([
    'Plan, nicht genutzter Leistungszeitraum 20.01.2027 bis 09.02.2027',
    'Plan, 1 Jahr, Leistungszeitraum 20.01.2027 bis 19.01.2028',
    'Plan, Einrichtung',
  ])
})

test('a customer whose language is not spoken, or who has chosen none, gets that of the tenant, else English', async () => {
  for (const [language, tenant, html] of [
    ['fr', null, 'en'],
    ['fr', 'de', 'de'],
    [null, 'de', 'de'],
    [null, null, 'en'],
    ['en-GB', 'de', 'en-GB'],
  ] as const) {
    const seller = await shopFor(language)
    if (tenant !== null) await ofTenant(seller, tenant)
    const { invoice } = await app.as((ctx) => orderAs(ctx, seller))
    const page = await htmlAt((invoice as Invoice).id)
    expect(page).toContain(`<html lang="${html}">`)
    expect(page).toContain(html === 'de' ? 'Rechnungsdatum' : 'Invoice date')
  }
})

test('the language of an issued document cannot be changed', async () => {
  const seller = await shopFor('de')
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  for (const table of ['invoices', 'credit_notes'])
    await expect(
      app.as(({ tx }) =>
        tx
          .updateTable(table as 'invoices')
          .set({ language: 'en' })
          .execute(),
      ),
      table,
    ).rejects.toThrow('permission denied')
  await expect(owner.query(`update invoices set language = 'en' where id = '${invoice.id}'`)).rejects.toThrow(
    'immutable',
  )
})

const party = {
  email: 'ada@example.com',
  address: { line1: 'Via Roma 1', city: 'Roma', postalCode: '00100' },
  country: 'IT',
  taxId: 'IT00743110157',
}
const taxedLines: BillingDocument['lines'] = [
  {
    no: 1,
    description: 'CloudPod S, 1 month: 2026-11-01 to 2026-11-30',
    tax: { category: 'S', ratePpm: 220_000, included: false, reason: '' },
    netMinor: 123_456n,
    taxMinor: 27_160n,
    grossMinor: 150_616n,
  },
  {
    no: 2,
    description: 'Set-up',
    tax: {
      category: 'AE',
      ratePpm: 0,
      included: false,
      reason: 'Reverse charge, article 196 of directive 2006/112/EC',
    },
    netMinor: 1000n,
    taxMinor: 0n,
    grossMinor: 1000n,
  },
]
const issuedBefore: BillingDocument = {
  id: 'x',
  kind: 'invoice',
  language: null,
  number: 'INV-000001',
  issueDate: '2026-11-30',
  dueDate: '2026-12-14',
  currency: 'EUR',
  seller: { ...party, name: 'Hosting' },
  buyer: { ...party, name: 'Ada' },
  lines: taxedLines,
  taxes: taxedLines,
  sum: { netMinor: 124_456n, taxMinor: 27_160n, grossMinor: 151_616n },
  carriedMinor: 0n,
  invoice: null,
  reason: '',
}
const BRAND = { name: 'Example Hosting', colour: '#0f766e', logo: null }

test('what was issued before languages were kept is as it was, byte for byte', async () => {
  const note: BillingDocument = {
    ...issuedBefore,
    kind: 'credit_note',
    number: 'CN-000001',
    dueDate: null,
    carriedMinor: 5n,
    invoice: { number: 'INV-000001', issueDate: '2026-11-30' },
    reason: 'not paid',
  }
  const hashOf = (of: string | Buffer): string => createHash('sha256').update(of).digest('hex').slice(0, 16)
  expect([
    hashOf(htmlOf(issuedBefore).html),
    hashOf(await pdfOf(issuedBefore, BRAND)),
    hashOf(htmlOf(note).html),
    hashOf(await pdfOf(note, BRAND)),
  ]).toEqual(['683cefca3cce2db7', '36c8088630529996', '790ea2e00a3be915', '84d391b7cbd8a0e3'])
})
