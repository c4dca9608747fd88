import type { Outcome } from '../../lib/outcome.ts'

/**
 * What a provider tells that keeps the books itself: its clients, what it sells them, its invoices and payments. It is only read,
 * and taken over as a record; nothing of it is ever written there.
 */
export type RecordClient = {
  ref: string
  name: string
  company: string | null
  email: string
  country: string | null
  currency: string
  creditMinor: bigint
  status: 'active' | 'inactive' | 'closed'
}

export type RecordService = {
  ref: string
  clientRef: string
  product: string
  name: string
  status: 'pending' | 'active' | 'suspended' | 'ended' | 'other'
  currency: string
  recurringMinor: bigint
  cycle: string
  since: string | null
  nextDue: string | null
}

type RecordPayment = {
  ref: string
  /** Negative: it was given back. */
  amountMinor: bigint
  feeMinor: bigint
  method: string
  reference: string
  day: string | null
}

export type RecordInvoice = {
  ref: string
  clientRef: string
  number: string
  status: 'draft' | 'open' | 'paid' | 'cancelled' | 'refunded' | 'uncollectible' | 'other'
  currency: string
  issued: string | null
  due: string | null
  subtotalMinor: bigint
  taxMinor: bigint
  /** What of it was paid by credit of the client; the total is what was left. */
  creditMinor: bigint
  totalMinor: bigint
  lines: { description: string; amountMinor: bigint }[]
  payments: RecordPayment[]
  /** Of the attempt it was made for by mPanel: it is a way to pay an invoice of ours, and no invoice of its own. */
  mark: string | null
}

/** A page of a list. `next`: where to go on; null: it was the last one. */
export type RecordPage<T> = { items: T[]; total: number; next: number | null }

export type BillingRecord = {
  clients(from: number): Promise<Outcome<RecordPage<RecordClient>>>
  services(from: number): Promise<Outcome<RecordPage<RecordService>>>
  invoices(from: number): Promise<Outcome<RecordPage<RecordInvoice>>>
  /** `missing` when it is not there any more. */
  client(ref: string): Promise<Outcome<RecordClient>>
  service(ref: string): Promise<Outcome<RecordService>>
  invoice(ref: string): Promise<Outcome<RecordInvoice>>
}
