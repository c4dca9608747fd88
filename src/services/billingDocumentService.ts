export { createCreditNote, creditsOf, previewCreditNote } from './billing/creditNotes.ts'
export { invoicePdf } from './billing/documentFiles.ts'
export { invoicePage, invoiceXml } from './billing/documents.ts'
