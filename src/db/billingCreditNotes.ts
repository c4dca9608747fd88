import { sql, type Insertable, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { CreditNoteLinesTable, CreditNotesTable } from './types.ts'

export type CreditNoteRow = Selectable<CreditNotesTable>

/** The credit notes of an invoice, the oldest first. */
export const ofInvoice = (tx: Tx, tenantId: string, invoiceId: string): Promise<CreditNoteRow[]> =>
  tx
    .selectFrom('credit_notes')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('invoice_id', '=', invoiceId)
    .orderBy('id')
    .execute()

/** The lines of a credit note, as those of its invoice that they take back. */
export const linesOf = (tx: Tx, tenantId: string, noteId: string) =>
  tx
    .selectFrom('credit_note_lines as credited')
    .innerJoin('invoice_lines as line', 'line.id', 'credited.invoice_line_id')
    .selectAll('line')
    .select(['credited.net_minor', 'credited.tax_minor', 'credited.gross_minor'])
    .where('credited.tenant_id', '=', tenantId)
    .where('credited.credit_note_id', '=', noteId)
    .orderBy('line.line_no')
    .execute()

export type Credited = Pick<Selectable<CreditNoteLinesTable>, 'net_minor' | 'tax_minor' | 'gross_minor'>

/** What was credited of each line of an invoice so far. */
export async function creditedOf(
  tx: Tx,
  tenantId: string,
  invoiceId: string,
): Promise<Map<string, Credited>> {
  const { rows } = await sql<Credited & { id: string }>`select l.id, sum(c.net_minor)::bigint as net_minor,
      sum(c.tax_minor)::bigint as tax_minor, sum(c.gross_minor)::bigint as gross_minor
    from invoice_lines l join credit_note_lines c on c.invoice_line_id = l.id
    where l.invoice_id = ${invoiceId} and l.tenant_id = ${tenantId} group by l.id`.execute(tx)
  return new Map(rows.map(({ id, ...credited }) => [id, credited]))
}

export async function insert(
  tx: Tx,
  note: Insertable<CreditNotesTable>,
  lines: Insertable<CreditNoteLinesTable>[],
): Promise<void> {
  await tx.insertInto('credit_notes').values(note).execute()
  await tx.insertInto('credit_note_lines').values(lines).execute()
}
