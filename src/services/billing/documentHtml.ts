import { createHash } from 'node:crypto'
import { escaped } from '../../lib/xml.ts'
import type { Words } from '../../words.ts'
import type { BillingDocument, DocumentParty } from './documentTypes.ts'
import {
  factsOf,
  headingsOf,
  moneyIn,
  partyLines,
  rateOf,
  taxNotes,
  titleOf,
  totalsOf,
  wordsOfDocument,
} from './documentWords.ts'

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;color:#111;max-width:50rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 1rem}.parties{display:flex;flex-wrap:wrap;gap:2rem;margin-bottom:1.5rem}.parties section{flex:1;min-width:14rem}
h2{font-size:.8rem;text-transform:uppercase;letter-spacing:.05em;color:#555;margin:0}address{font-style:normal;overflow-wrap:anywhere}
.table{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid #ccc;vertical-align:top}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}tfoot th,tfoot td{border:0}.total{font-weight:700}
@page{margin:18mm}@media print{body{margin:0;max-width:none}}`
/** Nothing in it runs, and nothing is loaded: one style counts, which its hash names. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox`

function party(words: Words, title: string, of: DocumentParty): string {
  return `<section><h2>${escaped(title)}</h2><address>${partyLines(words, of).map(escaped).join('<br>')}</address></section>`
}

const cells = (...[first, ...numbers]: string[]): string =>
  `<td>${escaped(first ?? '')}</td>${numbers.map((one) => `<td class="n">${escaped(one)}</td>`).join('')}`

const columns = (...[first, ...numbers]: string[]): string =>
  `<tr><th scope="col">${escaped(first ?? '')}</th>${numbers.map((one) => `<th scope="col" class="n">${escaped(one)}</th>`).join('')}</tr>`

/** The document as a page to print. */
export function htmlOf(document: BillingDocument): { html: string; policy: string } {
  const { currency, taxes, lines } = document
  const words = wordsOfDocument(document)
  const money = moneyIn(words, currency)
  const title = escaped(titleOf(words, document))
  const headings = headingsOf(words)
  const total = (name: string, minor: bigint, strong: boolean): string =>
    `<tr${strong ? ' class="total"' : ''}><th scope="row" colspan="2">${escaped(name)}</th><td class="n">${escaped(money(minor))}</td></tr>`
  const html = `<!doctype html>
<html lang="${escaped(words.tag)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} ${escaped(document.number)}</title><style>${STYLE}</style></head><body>
<h1>${title} ${escaped(document.number)}</h1>
<div class="parties">${party(words, headings.seller, document.seller)}${party(words, headings.customer, document.buyer)}</div>
<p>${factsOf(words, document).map(escaped).join('<br>')}</p>
<div class="table"><table><thead>${columns(headings.description, headings.tax, headings.net)}</thead>
<tbody>${lines.map((line) => `<tr>${cells(line.description, rateOf(words, line.tax), money(line.netMinor))}</tr>`).join('\n')}</tbody>
<tfoot>${totalsOf(words, document)
    .map((one) => total(...one))
    .join('')}</tfoot></table></div>
<div class="table"><table><thead>${columns(headings.tax, headings.on, headings.tax)}</thead>
<tbody>${taxes.map((one) => `<tr>${cells(rateOf(words, one.tax), money(one.netMinor), money(one.taxMinor))}</tr>`).join('\n')}</tbody></table></div>
${taxNotes(document)
  .map((reason) => `<p>${escaped(reason)}</p>`)
  .join('\n')}
</body></html>
`
  return { html, policy: POLICY }
}
