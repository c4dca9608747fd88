import { createInvoice, invoiceIn, totalOf } from './invoices.ts'
import { pay } from './payments.ts'
import { addClient } from './clients.ts'
import type { Sim } from './model.ts'
import { acceptOrder, addOrder } from './orders.ts'

const PEOPLE: [string, string, string, string][] = [
  ['Ada', 'Example', '', 'ada@example.com'],
  ['Grace', 'Sample', "Sample & O'Brien Ltd", 'grace@example.com'],
  ['Emil', 'Muster', 'Muster GmbH', 'emil@example.com'],
  ['Rosa', 'Esempio', '', 'rosa@example.com'],
]

/** A small shop, so that an import can be tried: four clients with a service each, of which one is not paid. */
export function fillExample(sim: Sim): void {
  for (const [at, [firstname, lastname, companyname, email]] of PEOPLE.entries()) {
    const client = addClient(sim, {
      firstname,
      lastname,
      companyname,
      email,
      country: 'IT',
      skipvalidation: 'true',
    })
    const clientid = String(client['clientid'])
    const order = addOrder(sim, {
      clientid,
      'pid[0]': String(1 + (at % 2)),
      'domain[0]': `vm${at + 1}.example.com`,
    })
    acceptOrder(sim, { orderid: String(order['orderid']) })
    const invoice = invoiceIn(sim, String(order['invoiceid']))
    if (at > 0)
      pay(sim, invoice, { amount: totalOf(invoice), transid: `bank-${at}`, gateway: 'banktransfer' })
    if (at === 2)
      createInvoice(sim, {
        userid: clientid,
        itemdescription1: 'Migration by hand',
        itemamount1: '80.00',
        itemtaxed1: '1',
        taxrate: '22.00',
      })
  }
}
