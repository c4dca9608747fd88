import * as mailService from '../../src/services/mailService.ts'
import type { TestApp } from './app.ts'

/** What was written in a tenant's name (null: the platform's), the oldest first. */
export const mailsOf = (app: TestApp, tenantId: string | null) =>
  app.as(async (ctx) => {
    const rows = await ctx.tx
      .selectFrom('mails')
      .selectAll()
      .where('tenant_id', tenantId === null ? 'is' : '=', tenantId)
      .orderBy('id')
      .execute()
    return rows.map((row) => ({
      to: row.recipient,
      subject: row.subject,
      template: row.template,
      hasInvoice: row.invoice_id !== null,
      text: mailService.bodyOf(ctx, row)?.text ?? '',
    }))
  })
