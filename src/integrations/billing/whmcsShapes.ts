import { z } from 'zod'
import { Unreadable } from './whmcsErrors.ts'

// What WHMCS answers, in one form: lists of any shape, numbers that are text or not, text of which the entities are taken away.

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#039': "'", '#39': "'" }
/** Text comes as a page of the web would show it. Read once: what was typed as `&amp;lt;` stays `&lt;`. */
const decoded = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#0?39);/g, (whole, name: string) => ENTITIES[name] ?? whole)

const bare = z.union([z.string(), z.number()]).transform(String)
const text = bare.transform(decoded)
const lax = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => decoded(String(value ?? '')))
const id = bare.refine((value) => /^\d{1,15}$/.test(value) && value !== '0', 'no id')
const count = bare.refine((value) => /^\d{1,9}$/.test(value), 'no number').transform(Number)
const amount = bare.refine((value) => value.length <= 40 && /\d/.test(value), 'no amount')
/** `0000-00-00` and its likes are no day. */
const day = z
  .string()
  .nullish()
  .transform((value) => (/^(?!0000)\d{4}-\d{2}-\d{2}/.test(value ?? '') ? (value ?? '').slice(0, 10) : null))

/** A list may be text without anything in it, missing, an array, an object with numbers for names, or one thing alone. */
function rowsIn(value: unknown, inner: string): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value
  const within: unknown = (value as Record<string, unknown>)[inner]
  if (within === undefined || within === null || within === '') return []
  if (Array.isArray(within)) return within
  if (typeof within !== 'object') throw new Unreadable(`a list of ${inner} is none`)
  const names = Object.keys(within)
  return names.length > 0 && names.every((name) => /^\d+$/.test(name))
    ? Object.values(within)
    : names.length === 0
      ? []
      : [within]
}

const listOf = <T extends z.ZodType>(inner: string, row: T) =>
  z
    .unknown()
    .optional()
    .transform((value, context): z.output<T>[] => {
      const parsed = z.array(row).safeParse(rowsIn(value, inner))
      if (parsed.success) return parsed.data
      context.addIssue({
        code: 'custom',
        message: `a list of ${inner}: ${parsed.error.issues[0]?.path.join('.')}`,
      })
      return z.NEVER
    })

const reader =
  <T extends z.ZodType>(schema: T, what: string) =>
  (answer: unknown): z.output<T> => {
    const parsed = schema.safeParse(answer)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new Unreadable(
      `${what}, ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as it should be'}`,
    )
  }

const head = z.looseObject({ result: z.string().optional(), status: z.unknown().optional(), message: lax })
export function answerOf(json: unknown): { failed: boolean; message: string } {
  const { result, status, message } = reader(head, 'an answer')(json)
  const said = result ?? (typeof status === 'string' ? status : '')
  if (said !== 'success' && said !== 'error') throw new Unreadable('an answer says neither success nor error')
  return { failed: said === 'error', message }
}

const page = { totalresults: count, numreturned: count.optional().default(0) }

export const versionIn = reader(
  z.object({
    whmcs: z.object({ version: lax }),
    lastcron: z.string().optional(),
  }),
  'what WHMCS says of itself',
)
export const currenciesIn = reader(
  z.object({ currencies: listOf('currency', z.object({ id, code: bare })) }),
  'currencies',
)
export const madeClientIn = reader(z.object({ clientid: id }), 'a new client')
export const madeInvoiceIn = reader(z.object({ invoiceid: id }), 'a new invoice')
export const clientsIn = reader(
  z.object({ ...page, clients: listOf('client', z.object({ id, email: text })) }),
  'clients',
)
const client = z.object({
  client_id: id.optional(),
  id: id.optional(),
  firstname: lax,
  lastname: lax,
  companyname: lax,
  email: text,
  countrycode: lax,
  currency_code: bare,
  credit: amount.optional().default('0.00'),
  notes: lax,
  status: lax,
})
export const clientIn = reader(z.object({ client }), 'a client')
export const methodsIn = reader(
  z.object({
    paymethods: listOf(
      'paymethod',
      z.object({ id, type: lax, card_last_four: lax, card_type: lax, expiry_date: lax }),
    ),
  }),
  'payment methods',
)
const invoiceHead = {
  userid: id,
  invoicenum: lax,
  date: day,
  duedate: day,
  datepaid: day,
  subtotal: amount,
  credit: amount,
  tax: amount,
  tax2: amount.optional().default('0.00'),
  total: amount,
  status: bare,
  notes: lax,
}
export type InvoiceHead = z.output<z.ZodObject<typeof invoiceHead>>
export const invoicesIn = reader(
  z.object({ ...page, invoices: listOf('invoice', z.object({ id, ...invoiceHead })) }),
  'invoices',
)
export const invoiceIn = reader(
  z.object({
    invoiceid: id,
    ...invoiceHead,
    items: listOf('item', z.object({ id, type: lax, relid: lax, description: lax, amount })),
    transactions: listOf(
      'transaction',
      z.object({
        id,
        date: day,
        gateway: lax,
        amountin: amount,
        amountout: amount,
        fees: amount,
        transid: lax,
      }),
    ),
  }),
  'an invoice',
)
export type InvoiceWhole = ReturnType<typeof invoiceIn>
/** The password of the service comes along in clear: it is not read. */
export const servicesIn = reader(
  z.object({
    ...page,
    products: listOf(
      'product',
      z.object({
        id,
        clientid: id,
        pid: id,
        name: lax,
        domain: lax,
        recurringamount: amount,
        billingcycle: lax,
        regdate: day,
        nextduedate: day,
        status: lax,
      }),
    ),
  }),
  'services',
)
