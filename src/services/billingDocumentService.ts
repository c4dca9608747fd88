export { invoicePage, invoiceXml } from './billing/documents.ts'
