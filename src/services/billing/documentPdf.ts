import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { plainPng } from '../../lib/plainPng.ts'
import type { Words } from '../../words.ts'
import type { BillingDocument } from './documentTypes.ts'
import {
  factsOf,
  headingsOf,
  moneyIn,
  pageText,
  partyLines,
  rateOf,
  taxIdOf,
  taxNotes,
  titleOf,
  totalsOf,
  wordsOfDocument,
} from './documentWords.ts'

/** How the seller presents himself. */
export type DocumentBrand = {
  name: string
  colour: string | null
  logo: { type: string; data: Buffer } | null
}

type Pdf = PDFKit.PDFDocument
/** With what the lines and sums are written. */
type Ink = { pdf: Pdf; words: Words; money: (minor: bigint) => string; colour: string }

const MARGIN = 50
/** A4, in points. */
const PAGE = { width: 595.28, height: 841.89 }
const RIGHT = PAGE.width - MARGIN
const BOTTOM = PAGE.height - MARGIN - 30
/** Where the columns of the lines begin. */
const TAX_AT = 330
const NET_AT = 440
const INK = '#111111'
const GREY = '#666666'
const LINE = '#cccccc'
const COLOUR = '#1d4ed8'

const fontOf = (name: string): Buffer =>
  readFileSync(fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`)))

/** Names are typed by people: what has no place on paper becomes a space. */
const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()

/**
 * The document as a PDF. The same document and brand give the same bytes: its times are those of the issue, and nothing in it is
 * drawn by lot.
 */
export async function pdfOf(document: BillingDocument, brand: DocumentBrand): Promise<Buffer> {
  const { default: PdfDocument } = await import('pdfkit')
  const issued = new Date(`${document.issueDate}T00:00:00Z`)
  const words = wordsOfDocument(document)
  const title = `${titleOf(words, document)} ${document.number}`
  const pdf = new PdfDocument({
    size: 'A4',
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: 0 },
    bufferPages: true,
    lang: words.tag,
    displayTitle: true,
    info: { Title: title, Author: printable(document.seller.name), CreationDate: issued, ModDate: issued },
  })
  const bytes = bytesOf(pdf)
  pdf.registerFont('regular', fontOf('DejaVuSansCondensed'))
  pdf.registerFont('bold', fontOf('DejaVuSansCondensed-Bold'))
  const colour = brand.colour ?? COLOUR
  const headings = headingsOf(words)
  const parties = Math.max(
    party(pdf, headings.seller, partyLines(words, document.seller), MARGIN, head(pdf, title, brand, colour)),
    party(pdf, headings.customer, partyLines(words, document.buyer), MARGIN + 260, 130),
  )
  pdf.font('regular').fontSize(9).fillColor(INK)
  pdf.text(factsOf(words, document).map(printable).join('\n'), MARGIN, parties + 18, {
    width: RIGHT - MARGIN,
  })
  const ink: Ink = { pdf, words, money: moneyIn(words, document.currency), colour }
  lines(ink, document)
  sums(ink, document)
  feet(ink, document, title)
  pdf.end()
  return bytes
}

function bytesOf(pdf: Pdf): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    pdf.on('data', (part: Buffer) => void parts.push(part))
    pdf.once('end', () => resolve(Buffer.concat(parts)))
    pdf.once('error', reject)
  })
}

/** Who it is from and what it is. @returns where the parties begin */
function head(pdf: Pdf, title: string, brand: DocumentBrand, colour: string): number {
  if (!drawn(pdf, brand.logo))
    pdf
      .font('bold')
      .fontSize(15)
      .fillColor(colour)
      .text(printable(brand.name), MARGIN, MARGIN, { width: 240, height: 40, ellipsis: true })
  pdf.font('bold').fontSize(15).fillColor(INK)
  pdf.text(title, MARGIN + 250, MARGIN, { width: RIGHT - MARGIN - 250, align: 'right' })
  pdf.moveTo(MARGIN, 110).lineTo(RIGHT, 110).lineWidth(1.5).strokeColor(colour).stroke()
  return 130
}

/** A logo that cannot be drawn, such as a WebP, is replaced by the name. */
function drawn(pdf: Pdf, logo: DocumentBrand['logo']): boolean {
  const picture =
    logo?.type === 'image/png' ? plainPng(logo.data) : logo?.type === 'image/jpeg' ? logo.data : undefined
  if (picture === undefined) return false
  try {
    pdf.image(picture, MARGIN, MARGIN - 8, { fit: [200, 52] })
    return true
  } catch {
    return false
  }
}

/** @returns where it ends */
function party(pdf: Pdf, role: string, of: readonly string[], x: number, y: number): number {
  pdf.font('bold').fontSize(7.5).fillColor(GREY).text(role.toUpperCase(), x, y, { width: 230 })
  of.forEach((line, at) => {
    pdf
      .font(at === 0 ? 'bold' : 'regular')
      .fontSize(9.5)
      .fillColor(INK)
    pdf.text(printable(line), x, pdf.y + 1, { width: 230 })
  })
  return pdf.y
}

type Cells = readonly [what: string, tax: string, net: string]

function row(pdf: Pdf, [what, tax, net]: Cells, y: number): number {
  pdf.text(what, MARGIN, y, { width: TAX_AT - MARGIN - 12 })
  const bottom = pdf.y
  pdf.text(tax, TAX_AT, y, { width: NET_AT - TAX_AT - 12, align: 'right' })
  const end = Math.max(bottom, pdf.y)
  pdf.text(net, NET_AT, y, { width: RIGHT - NET_AT, align: 'right' })
  return Math.max(end, pdf.y)
}

function rule(pdf: Pdf, y: number, from = MARGIN): void {
  pdf.moveTo(from, y).lineTo(RIGHT, y).lineWidth(0.5).strokeColor(LINE).stroke()
}

/** Begins another page when so much does not fit on this one any more. @returns whether it did */
function makeRoom(pdf: Pdf, height: number): boolean {
  if (pdf.y + height <= BOTTOM) return false
  pdf.addPage()
  pdf.y = MARGIN
  return true
}

function lines({ pdf, words, money, colour }: Ink, document: BillingDocument): void {
  const { description, tax, net } = headingsOf(words)
  const heading = (): void => {
    pdf.font('bold').fontSize(8.5).fillColor(colour)
    pdf.y = row(pdf, [description, tax, net], pdf.y) + 3
    rule(pdf, pdf.y)
    pdf.y += 5
    pdf.font('regular').fontSize(9).fillColor(INK)
  }
  pdf.y += 22
  heading()
  for (const line of document.lines) {
    const what = printable(line.description)
    if (makeRoom(pdf, pdf.heightOfString(what, { width: TAX_AT - MARGIN - 12 }) + 6)) heading()
    pdf.y = row(pdf, [what, rateOf(words, line.tax), money(line.netMinor)], pdf.y) + 4
    rule(pdf, pdf.y)
    pdf.y += 4
  }
}

function sums({ pdf, words, money, colour }: Ink, document: BillingDocument): void {
  const { tax, on } = headingsOf(words)
  const totals = totalsOf(words, document)
  makeRoom(pdf, totals.length * 16 + 12)
  pdf.y += 6
  for (const [name, minor, strong] of totals) {
    pdf
      .font(strong ? 'bold' : 'regular')
      .fontSize(strong ? 11 : 9)
      .fillColor(INK)
    pdf.y = row(pdf, ['', name, money(minor)], pdf.y) + 3
  }
  makeRoom(pdf, document.taxes.length * 16 + 40)
  pdf.y += 16
  pdf.font('bold').fontSize(8.5).fillColor(colour)
  pdf.y = row(pdf, [tax, on, tax], pdf.y) + 3
  rule(pdf, pdf.y)
  pdf.y += 5
  pdf.font('regular').fontSize(9).fillColor(INK)
  for (const group of document.taxes)
    pdf.y = row(pdf, [rateOf(words, group.tax), money(group.netMinor), money(group.taxMinor)], pdf.y) + 4
  for (const note of taxNotes(document)) {
    const width = RIGHT - MARGIN
    makeRoom(pdf, pdf.heightOfString(note, { width }) + 8)
    pdf.text(printable(note), MARGIN, pdf.y + 8, { width })
  }
}

/** On each page: whose it is, which one, and how many there are. */
function feet({ pdf, words }: Ink, { seller }: BillingDocument, title: string): void {
  const { start, count } = pdf.bufferedPageRange()
  for (let at = start; at < start + count; at++) {
    pdf.switchToPage(at)
    rule(pdf, PAGE.height - MARGIN - 8)
    pdf.font('regular').fontSize(7.5).fillColor(GREY)
    const y = PAGE.height - MARGIN
    const whose = [seller.name, seller.taxId && taxIdOf(words, seller.taxId)].filter(Boolean).join(' · ')
    pdf.text(printable(whose), MARGIN, y, { width: 330, height: 10, ellipsis: true, lineBreak: false })
    pdf.text(pageText(words, title, at + 1, count), MARGIN + 330, y, {
      width: RIGHT - MARGIN - 330,
      align: 'right',
      lineBreak: false,
    })
  }
}
