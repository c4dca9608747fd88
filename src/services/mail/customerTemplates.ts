import type { Money } from '../../lib/money.ts'
import type { Words } from '../../words.ts'
import { oneLine, type Message } from './render.ts'

/** Mails to customers about what they have bought. Days are `YYYY-MM-DD`. */

/** What a mail is about, such as a host name; null: all that is known is that it is a subscription. */
type What = { what: string | null }
type Due = {
  number: string
  total: Money
  /** Null: nothing is open. */
  open: Money | null
  dueDate: string
}

const named = (what: string | null, { t }: Words, longest?: number): string =>
  oneLine(what ?? t`your subscription`, longest)
const short = (what: string | null, words: Words): string => named(what, words, 100)

export const customerTemplates = {
  invoiceIssued: (words: Words, invoice: What & Due): Message => {
    const { t, money, date } = words
    const { total, open, dueDate } = invoice
    return {
      subject: t`Invoice ${oneLine(invoice.number)} for ${short(invoice.what, words)}`,
      before: [
        t`The next period of ${named(invoice.what, words)} costs ${money(total)}.`,
        open === null
          ? t`It was paid out of your credit. There is nothing to do.`
          : t`Please pay ${money(open)} by ${date(dueDate)}.`,
      ],
    }
  },

  creditNoteIssued: (
    { t, money }: Words,
    note: { number: string; invoice: string; total: Money; reason: string },
  ): Message => ({
    subject: t`Credit note ${oneLine(note.number)} for invoice ${oneLine(note.invoice)}`,
    before: [
      t`${money(note.total)} of the invoice ${oneLine(note.invoice)} were taken back: ${oneLine(note.reason, 500)}`,
      t`What of it was open is not asked for any more. What had been paid is kept for your next invoices, or given back the way it came.`,
    ],
  }),

  planChanged: (words: Words, change: What & Due & { plan: string }): Message => {
    const { t, money, date } = words
    const { total, open, dueDate } = change
    return {
      subject: t`${short(change.what, words)} has another plan`,
      before: [
        t`${named(change.what, words)} has the plan ${oneLine(change.plan)} from now on. Invoice ${oneLine(change.number)} for the change comes to ${money(total)}.`,
        open === null ? t`There is nothing to pay.` : t`Please pay ${money(open)} by ${date(dueDate)}.`,
      ],
    }
  },

  planChangeUndone: (words: Words, { what, plan }: What & { plan: string }): Message => {
    const { t } = words
    return {
      subject: t`${short(what, words)} keeps its old plan`,
      before: [
        t`${named(what, words)} could not be made as large as the plan ${oneLine(plan)} says, so it keeps its old one.`,
        t`What was charged for the change is credited.`,
      ],
    }
  },

  invoiceOverdue: (
    words: Words,
    { what, since, suspendedOn }: What & { since: string; suspendedOn: string | null },
  ): Message => {
    const { t, date } = words
    return {
      subject: t`Payment for ${short(what, words)} is overdue`,
      before: [
        t`An invoice for ${named(what, words)} was due on ${date(since)} and has not been paid.`,
        ...(suspendedOn === null
          ? []
          : [t`If it is still open on ${date(suspendedOn)}, ${named(what, words)} is switched off.`]),
      ],
      after: [t`If you have paid in the meantime, there is nothing to do.`],
    }
  },

  paymentLink: (
    { t, money, time }: Words,
    page: { invoice: string; total: Money; link: string; validUntil: Date },
  ): Message => ({
    subject: t`Please pay invoice ${oneLine(page.invoice)}`,
    before: [
      t`${money(page.total)} of the invoice ${oneLine(page.invoice)} are open. You can pay them on the page of our payment provider.`,
    ],
    link: { label: t`Pay now`, url: page.link },
    after: [
      t`The link is valid until ${time(page.validUntil)}.`,
      t`If you have paid in the meantime, there is nothing to do.`,
    ],
  }),

  subscriptionSuspended: (words: Words, { what }: What): Message => {
    const { t } = words
    return {
      subject: t`${short(what, words)} was switched off`,
      before: [t`${named(what, words)} was switched off because an invoice is overdue. Its data are kept.`],
      after: [t`It is switched on again as soon as what is overdue is paid.`],
    }
  },

  subscriptionPaused: (words: Words, { what, until }: What & { until: string | null }): Message => {
    const { t, date } = words
    return {
      subject: t`${short(what, words)} is paused`,
      before: [
        t`${named(what, words)} is paused and switched off. Its data are kept, and nothing is billed meanwhile.`,
        until === null ? t`It goes on when you tell us.` : t`It goes on by itself on ${date(until)}.`,
      ],
      after: [t`What was paid for and not used yet comes after the pause.`],
    }
  },

  subscriptionRestored: (words: Words, { what }: What): Message => {
    const { t } = words
    return {
      subject: t`${short(what, words)} is back`,
      before: [t`${named(what, words)} is no longer kept switched off, and is as it was before.`],
    }
  },

  trialGoesOn: (words: Words, { what, endsOn, total }: What & { endsOn: string; total: Money }): Message => {
    const { t, money, date } = words
    return {
      subject: t`The trial of ${short(what, words)} ends on ${date(endsOn)}`,
      before: [
        t`On ${date(endsOn)} the trial of ${named(what, words)} ends and its first period begins. The invoice for it comes to ${money(total)}.`,
      ],
      after: [t`If you do not want to keep it, cancel it before that day.`],
    }
  },

  trialEnds: (
    words: Words,
    { what, endsOn, needsMethod }: What & { endsOn: string; needsMethod: boolean },
  ): Message => {
    const { t, date } = words
    return {
      subject: t`${short(what, words)} is deleted after its trial`,
      before: [
        t`On ${date(endsOn)} the trial of ${named(what, words)} ends, and it is deleted with its data.`,
        needsMethod
          ? t`If you want to keep it, leave a payment method with us before that day.`
          : t`If you want to keep it, tell us before that day.`,
      ],
    }
  },

  subscriptionEnds: (words: Words, { what, endsOn }: What & { endsOn: string }): Message => {
    const { t, date } = words
    return {
      subject: t`Last warning: ${short(what, words)} will be deleted`,
      before: [
        t`An invoice for ${named(what, words)} is still not paid. On ${date(endsOn)} the subscription ends and ${named(what, words)} is deleted with its data.`,
      ],
      after: [t`If what is overdue is paid before, nothing is deleted.`],
    }
  },

  domainExpires: (
    { t, date }: Words,
    { name, expiresOn, why }: { name: string; expiresOn: string; why: 'off' | 'unpaid' | 'failed' },
  ): Message => ({
    subject: t`${oneLine(name, 100)} expires on ${date(expiresOn)}`,
    before: [
      t`Your domain ${oneLine(name)} expires on ${date(expiresOn)}. Then its website and its mail stop working.`,
      {
        off: t`It is not renewed by itself. If you want to keep it, tell us before that day.`,
        unpaid: t`Its renewal has been ordered and begins when the invoice is paid.`,
        failed: t`It could not be renewed yet. We look after it; write to us if you want to know more.`,
      }[why],
    ],
  }),
} as const
