import { pending } from '../../lib/outcome.ts'
import { atAgreedPrice } from './agreedPrice.ts'
import { asServers, changes, type Changes } from './namesiloChanges.ts'
import { refusal } from './namesiloCodes.ts'
import type { NameSiloConnection, Send } from './namesiloHttp.ts'
import { questions, quoteFrom, type Questions } from './namesiloQuestions.ts'
import { wiredTo, type Wired } from './namesiloWires.ts'
import type { Registrar } from './types.ts'

/** What the web API of NameSilo does, as the contract of `types.ts` has it (https://www.namesilo.com/api-reference). */
export function createNameSilo(send: Send, to: NameSiloConnection, now: () => Date): Registrar {
  const of = wiredTo(send, to, now)
  return {
    kind: 'namesilo',
    caps: {
      poll: false,
      guardedRenewal: false,
      transferAnswers: false,
      restore: false,
      remove: false,
      privacy: true,
      ds: true,
      contacts: true,
      fees: false,
    },
    ...questions(of),
    ...deeds(of),
    ...changes(of),
    close: () => Promise.resolve(),
  }
}

const unsupported = (what: string) =>
  Promise.resolve(refusal('unsupported', `NameSilo's API cannot ${what}: do it on its pages.`))

type Deeds = Omit<Registrar, 'kind' | 'caps' | 'close' | keyof Questions | keyof Changes>

function deeds(of: Wired): Deeds {
  const { tell, info, ensureContacts } = of
  return {
    async register(_id, { name, years, nameservers, contacts, privacy, agreed }) {
      const ids = await ensureContacts(contacts)
      if (ids.outcome !== 'ok') return ids
      // An order names no price there.
      return atAgreedPrice(
        () => quoteFrom(of)('register', name, years),
        agreed,
        () =>
          tell('registerDomain', {
            domain: name,
            years,
            private: privacy ? 1 : 0,
            auto_renew: 0,
            contact_id: ids.value['registrant'] ?? '',
            ...asServers(nameservers),
          }),
      )
    },

    async renew(_id, { name, years, expiresAt, agreed }) {
      if (agreed !== null) return unsupported('say what the renewal of a premium name costs')
      // The API takes no expiry, so it is compared first; the caller lets one operation of a domain run at a time.
      const now = await info(name)
      if (now.outcome !== 'ok') return now
      if (now.value === null) return refusal('not_found', `NameSilo has no ${name} of this account.`)
      if (now.value.expiresAt?.getTime() !== expiresAt.getTime())
        return refusal('policy', `The domain expires on another day than was said.`)
      return tell('renewDomain', { domain: name, years })
    },

    async transferIn(id, { name, authCode, contacts, agreed }) {
      if (agreed !== null) return unsupported('say what the transfer of a premium name costs')
      const ids = await ensureContacts(contacts)
      if (ids.outcome !== 'ok') return ids
      const asked = await tell('transferDomain', {
        domain: name,
        auth: authCode,
        private: 0,
        auto_renew: 0,
        contact_id: ids.value['registrant'] ?? '',
      })
      return asked.outcome === 'ok' ? pending(id) : asked
    },

    cancelTransfer: () => unsupported('take a transfer back'),
    answerTransferOut: () => unsupported('answer a transfer'),
    restore: () => unsupported('restore a domain'),
    remove: () => unsupported('delete a domain'),
  }
}
