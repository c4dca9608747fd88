import type { Money } from '../../lib/money.ts'
import type { Words } from '../../words.ts'
import { oneLine, type Message } from './render.ts'

/** Mails to operators about what needs them. Days are `YYYY-MM-DD`. */

/** A mail is no place for more lines. */
const MOST_LINES = 50
const atMost = <T>(all: readonly T[]): readonly T[] => all.slice(0, MOST_LINES)
function rest({ t }: Words, all: readonly unknown[]): string[] {
  const more = all.length - MOST_LINES
  return more > 0 ? [t`And ${more} more.`] : []
}

type Ending = { names: string[]; endsOn: string; problem: string | null }
type Expiring = { name: string; expiresOn: string; why: 'off' | 'unpaid' | 'failed' }

export const operatorTemplates = {
  mailTest: ({ t }: Words, { host }: { host: string }): Message => ({
    subject: t`A test mail`,
    before: [t`Somebody has asked for it on ${oneLine(host)}, to see whether mails arrive. This one has.`],
  }),

  webhookDisabled: (
    { t }: Words,
    { url, because }: { url: string; because: 'gone' | 'failing' },
  ): Message => ({
    subject: t`A webhook was disabled`,
    before: [
      t`No more events are sent to ${oneLine(url, 500)}.`,
      because === 'gone'
        ? t`It has answered that there is no receiver any more (410 Gone).`
        : t`Nothing has arrived there for three days.`,
    ],
    after: [t`What waits for it is kept: enable the webhook again when it can be reached.`],
  }),

  domainsExpire: (words: Words, { domains }: { domains: Expiring[] }): Message => {
    const { t } = words
    return {
      subject: domains.length === 1 ? t`A domain expires soon` : t`${domains.length} domains expire soon`,
      before: [
        t`Nothing is on its way that would keep:`,
        ...atMost(domains).map((one) => expiryOf(words, one)),
        ...rest(words, domains),
      ],
      after: [t`Renew what is to be kept on the page of the domain. Their customers were told.`],
    }
  },

  domainRenewalFailed: (
    { t, date }: Words,
    failed: { name: string; expiresOn: string | null; reason: string },
  ): Message => ({
    subject: t`${oneLine(failed.name, 100)} could not be renewed`,
    before: [
      t`The renewal of ${oneLine(failed.name)} has failed: ${oneLine(failed.reason, 500)}`,
      ...(failed.expiresOn === null ? [] : [t`The domain expires on ${date(failed.expiresOn)}.`]),
    ],
    after: [
      t`What was paid for it is the credit of the customer. Order the renewal anew on the page of the domain.`,
    ],
  }),

  certificatesEnd: (words: Words, { certificates }: { certificates: Ending[] }): Message => {
    const { t } = words
    return {
      subject:
        certificates.length === 1
          ? t`A certificate needs you`
          : t`${certificates.length} certificates need you`,
      before: [
        t`Browsers will warn of what is served with these after they have ended:`,
        ...atMost(certificates).map((one) => endOf(words, one)),
        ...rest(words, certificates),
      ],
    }
  },

  registrarBalanceLow: (
    words: Words,
    { registrar, ...account }: { registrar: string; balance: Money | null; limit: Money | null },
  ): Message => {
    const { t } = words
    return {
      subject: t`The balance at ${oneLine(registrar, 100)} is low`,
      before: [
        leftAt(words, oneLine(registrar), account),
        t`Once it is empty, domains are neither registered nor renewed.`,
      ],
      after: [t`Fill the account at the registrar.`],
    }
  },
} as const

function leftAt(
  { t, money }: Words,
  registrar: string,
  { balance, limit }: { balance: Money | null; limit: Money | null },
): string {
  if (balance === null) return t`The registry says that too little is left in the account at ${registrar}.`
  const left = money(balance)
  return limit === null
    ? t`${left} are left in the account at ${registrar}, less than an order costs.`
    : t`${left} are left in the account at ${registrar}, less than ${money(limit)}.`
}

function expiryOf({ t, date }: Words, { name, expiresOn, why }: Expiring): string {
  const [domain, day] = [oneLine(name), date(expiresOn)]
  return {
    off: t`${domain} expires on ${day}: it is not renewed by itself.`,
    unpaid: t`${domain} expires on ${day}: its renewal is not paid.`,
    failed: t`${domain} expires on ${day}: its renewal has failed.`,
  }[why]
}

function endOf({ t, date }: Words, { names: [name = '', ...others], endsOn, problem }: Ending): string {
  const first = oneLine(name)
  const certificate = others.length === 0 ? first : t`${first} and ${others.length} more`
  return problem === null
    ? t`${certificate} ends on ${date(endsOn)}: it was uploaded, so upload its successor.`
    : t`${certificate} ends on ${date(endsOn)}: it could not be renewed. ${oneLine(problem, 500)}`
}
