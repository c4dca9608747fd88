import { createHash } from 'node:crypto'
import { deflateSync, inflateSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plainPng } from '../../src/lib/plainPng.ts'
import { pdfOf } from '../../src/services/billing/documentPdf.ts'
import type { BillingDocument } from '../../src/services/billing/documentTypes.ts'
import { invoicePdf } from '../../src/services/billingDocumentService.ts'
import * as mailService from '../../src/services/mailService.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { startSmtp, type TestSmtp } from '../users/mails.ts'
import { taxed } from './taxWorld.ts'
import { order, shop } from './world.ts'

let app: TestApp
let owner: Owner
let smtp: TestSmtp
beforeAll(async () => {
  smtp = await startSmtp()
  app = await startApp({ env: { SMTP_URL: smtp.url, MPANEL_MAIL_FROM: 'panel@example.com' } })
  owner = await ownerOf(app.ownerUrl)
})
afterAll(async () => {
  await owner.close()
  await app.close()
  await smtp.close()
})

/** What is in the streams of a PDF, and which letters its fonts say that they have drawn. */
function read(pdf: Buffer): { pages: number; letters: Set<string> } {
  const latin = pdf.toString('latin1')
  const streams = [...latin.matchAll(/stream\n([\s\S]*?)\nendstream/g)].map(({ 1: body = '' }) => {
    try {
      return inflateSync(Buffer.from(body, 'latin1')).toString('latin1')
    } catch {
      return ''
    }
  })
  const maps = streams.filter((text) => text.includes('beginbfrange') || text.includes('beginbfchar'))
  const codes = maps.flatMap((text) =>
    [...text.matchAll(/<([0-9a-f]{4,8})>/gi)].map(({ 1: hex = '' }) => hex),
  )
  return {
    pages: [...latin.matchAll(/\/Type \/Page\n/g)].length,
    letters: new Set(codes.map((hex) => String.fromCodePoint(Number.parseInt(hex.slice(0, 4), 16)))),
  }
}

const tax = { category: 'S', ratePpm: 220_000, included: false, reason: '' } as const
const reason = 'Reverse charge, article 196 of directive 2006/112/EC'
const line = (no: number, of: BillingDocument['lines'][number]['tax'] = tax) => ({
  no,
  description: `Plan ${no}, 1 month: 2026-11-01 to 2026-11-30`,
  tax: of,
  netMinor: 1000n,
  taxMinor: of === null || of.ratePpm === 0 ? 0n : 220n,
  grossMinor: of === null || of.ratePpm === 0 ? 1000n : 1220n,
})
const document = (more: Partial<BillingDocument> = {}): BillingDocument => ({
  id: 'x',
  kind: 'invoice',
  language: 'en',
  number: 'INV-000001',
  issueDate: '2026-11-30',
  dueDate: '2026-12-14',
  currency: 'EUR',
  seller: { name: 'Hosting', email: null, address: {}, country: 'IT', taxId: 'IT00743110157' },
  buyer: { name: 'Ada', email: null, address: {}, country: 'IT', taxId: null },
  lines: [line(1)],
  taxes: [{ tax, netMinor: 1000n, taxMinor: 220n, grossMinor: 1220n }],
  sum: { netMinor: 1000n, taxMinor: 220n, grossMinor: 1220n },
  carriedMinor: 0n,
  invoice: null,
  reason: '',
  ...more,
})
const brand = { name: 'Example Hosting', colour: '#0f766e', logo: null }
const chunk = (name: string, data: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  return Buffer.concat([length, Buffer.from(name, 'latin1'), data, Buffer.alloc(4)])
}
/** A picture of 2 by 2 pixels with transparency. */
function picture(
  pixels = Buffer.from([0, 1, 2, 3, 255, 4, 5, 6, 128, 1, 7, 8, 9, 0, 9, 8, 7, 64]),
  more: Buffer[] = [],
): Buffer {
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 2, 8, 6, 0, 0, 0])
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const rest = [...more, chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([start, chunk('IHDR', header), ...rest])
}

test('names in any European script survive, long invoices go over pages, and the same document gives the same bytes', async () => {
  const name = 'Příliš žluťoučký kůň – Ελλάδα Україна ГОСТ Łódź'
  const lines = Array.from({ length: 90 }, (_, at) =>
    line(at + 1, at % 2 === 0 ? tax : { ...tax, category: 'AE', ratePpm: 0, reason }),
  )
  const given = document({ lines, buyer: { ...document().buyer, name } })
  const [first, second] = [await pdfOf(given, brand), await pdfOf(given, brand)]
  expect(first.equals(second)).toBe(true)
  const { pages, letters } = read(first)
  expect(pages).toBe(3)
  expect(Array.from(name.replaceAll(' ', '')).filter((letter) => !letters.has(letter))).toEqual([])
})

test('a logo is drawn from its pixels alone, and one that is made to harm is not drawn', async () => {
  const plain = await pdfOf(document(), brand)
  const withLogo = await pdfOf(document(), { ...brand, logo: { type: 'image/png', data: picture() } })
  expect(withLogo.toString('latin1')).toContain('/SMask')
  expect(plainPng(picture(undefined, [chunk('tEXt', Buffer.from('x'))]))).toEqual(plainPng(picture()))
  // A length that leads backwards, pixels without end, too few of them, rows written in no known way, half a file, no picture.
  const backwards = picture()
  backwards.writeInt32BE(-12, 33)
  for (const data of [
    backwards,
    picture(Buffer.alloc(1_000_000)),
    picture(Buffer.alloc(3)),
    picture(Buffer.alloc(18, 128)),
    picture().subarray(0, 40),
    Buffer.from('GIF89a'),
  ]) {
    expect(plainPng(data)).toBeUndefined()
    const made = await pdfOf(document(), { ...brand, logo: { type: 'image/png', data } })
    expect(made.equals(plain)).toBe(true)
  }
})

test('an invoice has one PDF, whatever changes after it was made, and its mail brings that along', async () => {
  const seller = await shop(app)
  await taxed(app, seller)
  const { tenantId } = seller
  const { invoice } = await app.as((ctx) => order(ctx, seller))
  const wanted = { invoiceId: invoice.id, of: 'invoice' } as const
  const make = () => invoicePdf((work) => app.as(work), tenantId, wanted)
  const made = await Promise.all([make(), make()])
  expect(made[0].sha256).toBe(made[1].sha256)
  const { sha256, name } = made[0]
  expect(name).toBe(`${invoice.number}.pdf`)
  await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'branding.name': 'Renamed' })
  const answer = await app.admin.get<string>(`/api/admin/billing/invoices/${invoice.id}/pdf`)
  expect(answer.headers.get('content-type')).toBe('application/pdf')
  expect(answer.headers.get('etag')).toBe(`"${sha256}"`)
  expect(answer.body.startsWith('%PDF-')).toBe(true)
  for (const statement of ['update billing_pdfs set created_at = now()', 'delete from billing_pdfs'])
    await expect(owner.query(statement), statement).rejects.toThrow('append-only')

  const total = { amount: '499', currency: 'EUR' }
  const facts = { what: 'pod', number: name, total, open: null, dueDate: '2026-12-01' }
  const to = { email: 'ada@example.com', tenantId, language: null }
  await app.as((ctx) => mailService.send(ctx, to, 'invoiceIssued', facts, { invoiceId: invoice.id }))
  const text = await until(
    async () => Promise.resolve(smtp.taken.find((mail) => mail.to.includes('ada@example.com'))?.text),
    'the mail to arrive',
  )
  const part = /application\/pdf[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(text)?.[1] ?? ''
  expect(createHash('sha256').update(Buffer.from(part, 'base64')).digest('hex')).toBe(sha256)
  const none = await app.admin.get<{ code: string }>(
    `/api/admin/billing/invoices/${invoice.id}/pdf?of=credit_note`,
  )
  expect(none.body.code).toBe('not_found')
})
