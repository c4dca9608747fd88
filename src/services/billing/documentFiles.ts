import { createHash } from 'node:crypto'
import type { Ctx } from '../../context.ts'
import * as files from '../../db/billingDocuments.ts'
import * as tenantLogoService from '../tenantLogoService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { documentOf, type Wanted } from './documents.ts'
import { pdfOf } from './documentPdf.ts'

export type DocumentFile = { name: string; content: Buffer; sha256: string }

/**
 * The document as a PDF, in the colours and with the logo of the tenant. It is made when it is first asked for, outside of any
 * transaction, and kept: from then on it is this one.
 * @param within runs each piece of work in a transaction of its own
 * @throws AppError not_found, invalid_state for a draft
 */
export async function invoicePdf(
  within: <T>(work: (ctx: Ctx) => Promise<T>) => Promise<T>,
  tenantId: string,
  wanted: Wanted,
): Promise<DocumentFile> {
  const { document, kept, brand } = await within(async (ctx) => {
    const found = await documentOf(ctx, tenantId, wanted)
    const stored = await files.findPdf(ctx.tx, tenantId, found.id)
    if (stored) return { document: found, kept: stored, brand: null }
    const { name, colour } = await settingsService.brandingOf(ctx, tenantId)
    const logo = (await tenantLogoService.pictureOf(ctx, tenantId)) ?? null
    return { document: found, kept: undefined, brand: { name, colour, logo } }
  })
  const name = `${document.number}.pdf`
  if (brand === null) return { name, content: kept.content, sha256: kept.sha256 }
  const content = await pdfOf(document, brand)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const counts = await within(async (ctx) => {
    await files.keepPdf(ctx.tx, {
      document_id: document.id,
      tenant_id: tenantId,
      invoice_id: wanted.invoiceId,
      content,
      sha256,
      created_at: ctx.now(),
    })
    return files.findPdf(ctx.tx, tenantId, document.id)
  })
  return { name, content: counts?.content ?? content, sha256: counts?.sha256 ?? sha256 }
}
