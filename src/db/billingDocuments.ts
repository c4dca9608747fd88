import type { Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { BillingPdfsTable } from './types.ts'

export type PdfRow = Selectable<BillingPdfsTable>

export const findPdf = (tx: Tx, tenantId: string, documentId: string): Promise<PdfRow | undefined> =>
  tx
    .selectFrom('billing_pdfs')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .executeTakeFirst()

/** Of two that are made at once the first one counts. */
export async function keepPdf(tx: Tx, pdf: PdfRow): Promise<void> {
  await tx
    .insertInto('billing_pdfs')
    .values(pdf)
    .onConflict((conflict) => conflict.column('document_id').doNothing())
    .execute()
}
