/** What a simulated WHMCS keeps. Money is in hundredths: its currencies here have two digits. Days are `2026-11-30`. */

export type Currency = { id: number; code: string; prefix: string; suffix: string }

export type Client = {
  id: number
  firstname: string
  lastname: string
  companyname: string
  email: string
  country: string
  currency: number
  status: 'Active' | 'Inactive' | 'Closed'
  notes: string
  credit: number
  created: string
}

/** Prices by currency and cycle; -1.00 means: not offered. */
export type Product = {
  pid: number
  gid: number
  name: string
  pricing: Record<string, Record<string, number>>
}

export type Service = {
  id: number
  clientid: number
  orderid: number
  pid: number
  domain: string
  first: number
  recurring: number
  cycle: string
  regdate: string
  nextduedate: string
  status: 'Pending' | 'Active' | 'Suspended' | 'Terminated' | 'Cancelled'
  /** What its module has really done; the status above is only a record. */
  running: boolean
  suspensionreason: string
  password: string
  /** The admin-only custom field in which mPanel leaves its mark. */
  ref: string
  notes: string
}

type Order = {
  id: number
  clientid: number
  invoiceid: number
  services: number[]
  status: 'Pending' | 'Active' | 'Cancelled'
  date: string
}

type Item = {
  id: number
  type: string
  relid: number
  description: string
  amount: number
  taxed: boolean
}

export type Invoice = {
  id: number
  invoicenum: string
  clientid: number
  date: string
  duedate: string
  datepaid: string
  items: Item[]
  credit: number
  /** Percent, as text. */
  taxrate: string
  status: 'Draft' | 'Unpaid' | 'Paid' | 'Cancelled' | 'Refunded' | 'Collections' | 'Payment Pending'
  paymentmethod: string
  notes: string
}

export type Transaction = {
  id: number
  clientid: number
  invoiceid: number
  gateway: string
  date: string
  description: string
  amountin: number
  fees: number
  amountout: number
  transid: string
}

export type PayMethod = {
  id: number
  clientid: number
  last4: string
  /** MM/YY */
  expiry: string
  works: boolean
  isDefault: boolean
}

type Upgrade = {
  id: number
  serviceid: number
  pid: number
  cycle: string
  recurring: number
  invoiceid: number
}

/** null: every action; else those of its role. */
export type Credential = { secret: string; actions: string[] | null }

export type World = {
  credentials: Record<string, Credential>
  accessKey: string | null
  /** Empty: any address. */
  allowedIps: string[]
  nextId: number
  currencies: Currency[]
  clients: Map<number, Client>
  products: Map<number, Product>
  services: Map<number, Service>
  orders: Map<number, Order>
  invoices: Map<number, Invoice>
  transactions: Map<number, Transaction>
  payMethods: Map<number, PayMethod>
  upgrades: Map<number, Upgrade>
  lastCron: string
}

/** How answers look: each of these has been seen, or is what its documentation says. */
export type Dial = {
  /** A list without anything in it. */
  empty: 'text' | 'array' | 'object' | 'missing'
  /** A list of one. */
  single: 'array' | 'object'
  /** A list of several. */
  many: 'array' | 'numbered'
  /** The most rows of a page, whatever was asked for. */
  maxLimit: number
  /** Whether a payment with the name of an earlier one is taken a second time. */
  sameTransid: 'taken' | 'refused'
  /** How the installation writes days where it does not use its usual form. */
  days: 'dd/mm/yyyy' | 'mm/dd/yyyy' | 'yyyy-mm-dd'
}

export const PLAIN: Dial = {
  empty: 'text',
  single: 'array',
  many: 'array',
  maxLimit: 100,
  sameTransid: 'taken',
  days: 'dd/mm/yyyy',
}

export type Params = Record<string, string>

/** An answer that says no, with HTTP 200 as everything. */
export class Refused extends Error {}
/** One that says no with 403: to whom asks, not to what is asked. */
export class Forbidden extends Error {}

export type Sim = {
  world: World
  dial: Dial
  now(): Date
  /** A hook of WHMCS fires. */
  emit(event: string, about: { client?: number; invoice?: number; service?: number; order?: number }): void
}

export function emptyWorld(): World {
  return {
    credentials: {},
    accessKey: null,
    allowedIps: [],
    nextId: 1,
    currencies: [
      { id: 1, code: 'EUR', prefix: '', suffix: ' EUR' },
      { id: 2, code: 'USD', prefix: '$', suffix: ' USD' },
    ],
    clients: new Map(),
    products: new Map([
      [1, { pid: 1, gid: 1, name: 'Cloud S', pricing: { EUR: cycles(1295), USD: cycles(1495) } }],
      [2, { pid: 2, gid: 1, name: 'Cloud M & more', pricing: { EUR: cycles(2590), USD: cycles(2990) } }],
    ]),
    services: new Map(),
    orders: new Map(),
    invoices: new Map(),
    transactions: new Map(),
    payMethods: new Map(),
    upgrades: new Map(),
    lastCron: '',
  }
}

const cycles = (monthly: number): Record<string, number> => ({
  msetupfee: 0,
  monthly,
  quarterly: -100,
  semiannually: -100,
  annually: monthly * 10,
  biennially: -100,
  triennially: -100,
})

export const MONTHS: Record<string, number> = {
  monthly: 1,
  quarterly: 3,
  semiannually: 6,
  annually: 12,
  biennially: 24,
  triennially: 36,
}

export const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

/** The same day of a later month, or its last one. */
export function addMonths(day: string, months: number): string {
  const at = new Date(`${day}T00:00:00Z`)
  const dayOfMonth = at.getUTCDate()
  at.setUTCDate(1)
  at.setUTCMonth(at.getUTCMonth() + months)
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate()
  at.setUTCDate(Math.min(dayOfMonth, last))
  return dayOf(at)
}

export const addDays = (day: string, days: number): string =>
  dayOf(new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000))

export const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000)

/** `12.95`; hundredths are all there are. */
export function money(amount: number): string {
  const digits = String(Math.abs(amount)).padStart(3, '0')
  return `${amount < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

export function hundredths(text: string | undefined, what: string): number {
  const found = /^(-?)(\d{1,9})(?:\.(\d{1,2}))?$/.exec(text ?? '')
  if (!found) throw new Refused(`Invalid ${what}`)
  const size = Number(found[2]) * 100 + Number((found[3] ?? '').padEnd(2, '0'))
  return found[1] === '-' ? -size : size
}

export const currencyOf = ({ currencies }: World, id: number): Currency =>
  currencies.find((one) => one.id === id) ?? { id, code: 'EUR', prefix: '', suffix: ' EUR' }

export const isOn = (value: string | undefined): boolean =>
  value === '1' || value === 'true' || value === 'on'
