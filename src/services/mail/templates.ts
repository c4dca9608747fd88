import { oneLine, type Message } from './render.ts'

/** Every mail there is. Names and addresses that people have typed stand on one line. */
type From = { ip: string | null; userAgent: string | null; at: Date }

const when = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

const origin = ({ ip, userAgent, at }: From): string =>
  `When: ${when(at)}. From: ${ip ?? 'an unknown address'}${userAgent === null ? '' : `, ${oneLine(userAgent)}`}.`

const NOT_YOU =
  'If this was not you, set a new password at once with "Forgot your password?" on the log-in page, and tell us.'

type Link = { url: string; expiresAt: Date }

/** A mail is no place for more lines. */
const MOST_LINES = 50
const atMost = <T>(all: readonly T[]): readonly T[] => all.slice(0, MOST_LINES)
const rest = (all: readonly unknown[]): string[] =>
  all.length > MOST_LINES ? [`And ${all.length - MOST_LINES} more.`] : []
const counted = (all: readonly unknown[], one: string, more: string): string =>
  all.length === 1 ? `A ${one}` : `${all.length} ${more}`

const EXPIRES = {
  off: 'It is not renewed by itself. If you want to keep it, tell us before that day.',
  unpaid: 'Its renewal has been ordered and begins when the invoice is paid.',
  failed: 'It could not be renewed yet. We look after it; write to us if you want to know more.',
}

export const templates = {
  passwordReset: ({ link, ip }: { link: Link; ip: string | null }): Message => ({
    subject: 'Set a new password',
    before: [
      `Somebody${ip === null ? '' : ` at the address ${ip}`} has asked for a new password for your account.`,
    ],
    link: { label: 'Set a new password', url: link.url },
    after: [
      `The link counts once, until ${when(link.expiresAt)}. Your second step to log in stays as it is.`,
      'If you have not asked for it, do nothing: your password stays.',
    ],
  }),

  invitation: (invitation: { link: Link; by: string; role: string; place: string }): Message => ({
    subject: `You are invited to ${oneLine(invitation.place, 100)}`,
    before: [
      `${oneLine(invitation.by)} invites you to ${oneLine(invitation.place)} as ${oneLine(invitation.role)}.`,
    ],
    link: { label: 'Accept the invitation', url: invitation.link.url },
    after: [
      `The link counts once, until ${when(invitation.link.expiresAt)}.`,
      'If you do not know what this is about, do nothing.',
    ],
  }),

  emailChange: ({ link }: { link: Link }): Message => ({
    subject: 'Confirm your new e-mail address',
    before: [
      'This address is to become the one that you log in with. Open the link while you are logged in.',
    ],
    link: { label: 'Confirm this address', url: link.url },
    after: [
      `The link counts once, until ${when(link.expiresAt)}.`,
      'If you have not asked for it, do nothing: nothing changes.',
    ],
  }),

  emailChangeAsked: ({ to, from }: { to: string; from: From }): Message => ({
    subject: 'A new e-mail address was asked for',
    before: [`Your account is to get the address ${oneLine(to)} once that one is confirmed.`, origin(from)],
    after: [NOT_YOU],
  }),

  emailChanged: ({ to, from }: { to: string; from: From }): Message => ({
    subject: 'Your e-mail address was changed',
    before: [`You now log in with ${oneLine(to)} instead of this address.`, origin(from)],
    after: ['If this was not you, tell us at once.'],
  }),

  passwordChanged: ({ from }: { from: From }): Message => ({
    subject: 'Your password was changed',
    before: ['The password of your account was changed, and your other sessions have ended.', origin(from)],
    after: [NOT_YOU],
  }),

  newDevice: ({ from }: { from: From }): Message => ({
    subject: 'A log-in from a new device',
    before: [
      'Somebody has logged in to your account from a browser that it was not used with before.',
      origin(from),
    ],
    after: ['If this was you, there is nothing to do.', NOT_YOU],
  }),

  secondFactorRemoved: ({ from }: { from: From }): Message => ({
    subject: 'A second step to log in was removed',
    before: ['An authenticator app or a passkey was removed from your account.', origin(from)],
    after: [NOT_YOU],
  }),
  webhookDisabled: ({ url, because }: { url: string; because: 'gone' | 'failing' }): Message => ({
    subject: 'A webhook was disabled',
    before: [
      `No more events are sent to ${oneLine(url, 500)}.`,
      because === 'gone'
        ? 'It has answered that there is no receiver any more (410 Gone).'
        : 'Nothing has arrived there for three days.',
    ],
    after: ['What waits for it is kept: enable the webhook again when it can be reached.'],
  }),

  invoiceIssued: (invoice: {
    what: string
    number: string
    total: string
    /** Null: paid out of what the customer had in hand. */
    open: string | null
    dueDate: string
  }): Message => ({
    subject: `Invoice ${oneLine(invoice.number)} for ${oneLine(invoice.what, 100)}`,
    before: [
      `The next period of ${oneLine(invoice.what)} costs ${invoice.total}.`,
      invoice.open === null
        ? 'It was paid out of your credit. There is nothing to do.'
        : `Please pay ${invoice.open} by ${invoice.dueDate}.`,
    ],
  }),

  creditNoteIssued: (note: { number: string; invoice: string; total: string; reason: string }): Message => ({
    subject: `Credit note ${oneLine(note.number)} for invoice ${oneLine(note.invoice)}`,
    before: [
      `${note.total} of the invoice ${oneLine(note.invoice)} were taken back: ${oneLine(note.reason, 500)}`,
      'What of it was open is not asked for any more. What had been paid is kept for your next invoices, or given back the way it came.',
    ],
  }),

  planChanged: (change: {
    what: string
    plan: string
    number: string
    total: string
    /** Null: nothing is open. */
    open: string | null
    dueDate: string
  }): Message => ({
    subject: `${oneLine(change.what, 100)} has another plan`,
    before: [
      `${oneLine(change.what)} has the plan ${oneLine(change.plan)} from now on. Invoice ${oneLine(change.number)} for the change comes to ${change.total}.`,
      change.open === null ? 'There is nothing to pay.' : `Please pay ${change.open} by ${change.dueDate}.`,
    ],
  }),

  planChangeUndone: ({ what, plan }: { what: string; plan: string }): Message => ({
    subject: `${oneLine(what, 100)} keeps its old plan`,
    before: [
      `${oneLine(what)} could not be made as large as the plan ${oneLine(plan)} says, so it keeps its old one.`,
      'What was charged for the change is credited.',
    ],
  }),

  invoiceOverdue: (overdue: { what: string; since: string; suspendedOn: string | null }): Message => ({
    subject: `Payment for ${oneLine(overdue.what, 100)} is overdue`,
    before: [
      `An invoice for ${oneLine(overdue.what)} was due on ${overdue.since} and has not been paid.`,
      ...(overdue.suspendedOn === null
        ? []
        : [`If it is still open on ${overdue.suspendedOn}, ${oneLine(overdue.what)} is switched off.`]),
    ],
    after: ['If you have paid in the meantime, there is nothing to do.'],
  }),

  paymentLink: (page: { what: string; total: string; link: string; validUntil: Date }): Message => ({
    subject: `Please pay: ${oneLine(page.what, 100)}`,
    before: [
      `${page.total} of ${oneLine(page.what)} are open. You can pay them on the page of our payment provider.`,
    ],
    link: { label: 'Pay now', url: page.link },
    after: [
      `The link is valid until ${when(page.validUntil)}.`,
      'If you have paid in the meantime, there is nothing to do.',
    ],
  }),

  subscriptionSuspended: ({ what }: { what: string }): Message => ({
    subject: `${oneLine(what, 100)} was switched off`,
    before: [`${oneLine(what)} was switched off because an invoice is overdue. Its data are kept.`],
    after: ['It is switched on again as soon as what is overdue is paid.'],
  }),

  subscriptionPaused: ({ what, until }: { what: string; until: string | null }): Message => ({
    subject: `${oneLine(what, 100)} is paused`,
    before: [
      `${oneLine(what)} is paused and switched off. Its data are kept, and nothing is billed meanwhile.`,
      until === null ? 'It goes on when you tell us.' : `It goes on by itself on ${until}.`,
    ],
    after: ['What was paid for and not used yet comes after the pause.'],
  }),

  subscriptionRestored: ({ what }: { what: string }): Message => ({
    subject: `${oneLine(what, 100)} is back`,
    before: [`${oneLine(what)} is no longer kept switched off, and is as it was before.`],
  }),

  trialGoesOn: (trial: { what: string; endsOn: string; total: string }): Message => ({
    subject: `The trial of ${oneLine(trial.what, 100)} ends on ${trial.endsOn}`,
    before: [
      `On ${trial.endsOn} the trial of ${oneLine(trial.what)} ends and its first period begins. The invoice for it comes to ${trial.total}.`,
    ],
    after: ['If you do not want to keep it, cancel it before that day.'],
  }),

  trialEnds: (trial: { what: string; endsOn: string; needsMethod: boolean }): Message => ({
    subject: `${oneLine(trial.what, 100)} is deleted after its trial`,
    before: [
      `On ${trial.endsOn} the trial of ${oneLine(trial.what)} ends, and it is deleted with its data.`,
      trial.needsMethod
        ? 'If you want to keep it, leave a payment method with us before that day.'
        : 'If you want to keep it, tell us before that day.',
    ],
  }),

  subscriptionEnds: ({ what, endsOn }: { what: string; endsOn: string }): Message => ({
    subject: `Last warning: ${oneLine(what, 100)} will be deleted`,
    before: [
      `An invoice for ${oneLine(what)} is still not paid. On ${endsOn} the subscription ends and ${oneLine(what)} is deleted with its data.`,
    ],
    after: ['If what is overdue is paid before, nothing is deleted.'],
  }),

  domainExpires: (domain: {
    name: string
    expiresOn: string
    why: 'off' | 'unpaid' | 'failed'
  }): Message => ({
    subject: `${oneLine(domain.name, 100)} expires on ${domain.expiresOn}`,
    before: [
      `Your domain ${oneLine(domain.name)} expires on ${domain.expiresOn}. Then its website and its mail stop working.`,
      EXPIRES[domain.why],
    ],
  }),

  domainsExpire: ({ domains }: { domains: { name: string; expiresOn: string; why: string }[] }): Message => ({
    subject: `${counted(domains, 'domain expires', 'domains expire')} soon`,
    before: [
      'Nothing is on its way that would keep:',
      ...atMost(domains).map(
        ({ name, expiresOn, why }) => `${oneLine(name)} expires on ${expiresOn}: ${why}.`,
      ),
      ...rest(domains),
    ],
    after: ['Renew what is to be kept on the page of the domain. Their customers were told.'],
  }),

  domainRenewalFailed: (failed: { name: string; expiresOn: string | null; reason: string }): Message => ({
    subject: `${oneLine(failed.name, 100)} could not be renewed`,
    before: [
      `The renewal of ${oneLine(failed.name)} has failed: ${oneLine(failed.reason, 500)}`,
      ...(failed.expiresOn === null ? [] : [`The domain expires on ${failed.expiresOn}.`]),
    ],
    after: [
      'What was paid for it is the credit of the customer. Order the renewal anew on the page of the domain.',
    ],
  }),

  certificatesEnd: (of: {
    certificates: { names: string[]; endsOn: string; problem: string | null }[]
  }): Message => ({
    subject: `${counted(of.certificates, 'certificate needs', 'certificates need')} you`,
    before: [
      'Browsers will warn of what is served with these after they have ended:',
      ...atMost(of.certificates).map(
        ({ names: [name = '', ...others], endsOn, problem }) =>
          `${oneLine(name)}${others.length === 0 ? '' : ` and ${others.length} more`} ends on ${endsOn}: ${
            problem === null
              ? 'it was uploaded, so upload its successor.'
              : `it could not be renewed. ${oneLine(problem, 500)}`
          }`,
      ),
      ...rest(of.certificates),
    ],
  }),

  registrarBalanceLow: (low: { registrar: string; balance: string; limit: string }): Message => ({
    subject: `The balance at ${oneLine(low.registrar, 100)} is low`,
    before: [
      `${low.balance} are left in the account at ${oneLine(low.registrar)}, less than ${low.limit}. Once it is empty, domains are neither registered nor renewed.`,
    ],
    after: ['Fill the account at the registrar.'],
  }),
} as const

export type Template = keyof typeof templates
