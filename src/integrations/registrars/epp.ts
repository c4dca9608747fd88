import { randomBytes } from 'node:crypto'
import { ok, pending, rejected, unknown, type Outcome } from '../../lib/outcome.ts'
import { atAgreedPrice, NO_PRICES } from './agreedPrice.ts'
import { availabilities, balanceOf, factsOf, messageOf, quotesOf, transferOf } from './eppAnswers.ts'
import * as commands from './eppCommands.ts'
import { setContacts, setHost, setNameservers, ensureContacts, ensureHosts } from './eppObjects.ts'
import type { EppConnection } from './eppLink.ts'
import type { EppAnswer } from './eppDocuments.ts'
import { EppSession, type EppCommand } from './eppSession.ts'
import { NS, xml, type Markup } from './eppXml.ts'
import type { PaidOperation, Price, Registrar } from './types.ts'

/** Codes that end a command well although it waits for somebody. */
const ACTION_PENDING = 1001
const NO_MESSAGES = 1300
/** Names in one question; registries take at least this many. */
const CHECKED_AT_ONCE = 20
const DEEDS = ['register', 'renew', 'transferIn', 'restore'] as const
const LOCKS = ['clientTransferProhibited', 'clientDeleteProhibited']

/** As the registries ask: letters, digits and more, of a good length. */
const newAuthCode = (): string => `${randomBytes(12).toString('base64url')}aA1-`

const done = (outcome: Outcome<EppAnswer>, ref: string): Outcome<null> => {
  if (outcome.outcome !== 'ok') return outcome
  return outcome.value.code === ACTION_PENDING ? pending(ref) : ok(null)
}
/** For what is to be so anyway. */
const fineWhen = (code: string, outcome: Outcome<null>): Outcome<null> =>
  outcome.outcome === 'rejected' && outcome.code === code ? ok(null) : outcome
const read = <T>(outcome: Outcome<EppAnswer>, parse: (answer: EppAnswer) => T | null): Outcome<T> => {
  if (outcome.outcome !== 'ok') return outcome
  const value = parse(outcome.value)
  return value === null ? unknown('The registry has answered something else than was asked.') : ok(value)
}

/** A registry, or a registrar with an EPP gateway, as the contract of `types.ts` has it. */
export function createEpp(to: EppConnection, now: () => Date): Registrar {
  const session = new EppSession(to)
  const of = wiredTo(session, to, now)
  return {
    kind: 'epp',
    caps: {
      poll: true,
      guardedRenewal: true,
      transferAnswers: true,
      restore: true,
      remove: true,
      privacy: false,
      ds: true,
      contacts: to.contacts,
      fees: true,
    },
    ...questions(of),
    ...deeds(of),
    ...changes(of),
    close: () => session.close(),
  }
}

type Wired = ReturnType<typeof wiredTo>

function wiredTo(session: EppSession, to: EppConnection, now: () => Date) {
  const ask = (body: Markup, extension: Markup | null = null): Promise<Outcome<EppAnswer>> =>
    session.command({ body, extension, changes: false })
  const tell = async (id: string, body: Markup, more: Partial<EppCommand> = {}): Promise<Outcome<null>> =>
    done(await session.command({ body, id, changes: true, ...more }), id)

  const info: Registrar['info'] = async (name) => {
    const answer = await ask(commands.infoDomain(name))
    if (answer.outcome === 'rejected' && answer.code === 'not_found') return ok(null)
    return read(answer, (found) => factsOf(found, to.clientId, now()))
  }

  const quote: Registrar['quote'] = async (operation, name, years) => {
    const reached = await session.ready()
    if (reached.outcome !== 'ok') return reached
    if (!session.knows(NS.fee)) return ok({ price: null, premium: null })
    const fees = commands.checkFees([operation], years, to.currency)
    return read(await ask(commands.checkDomains([name]), fees), (found) => {
      const { prices = NO_PRICES, premium = null } = quotesOf(found).get(name) ?? {}
      return { price: prices[operation], premium }
    })
  }
  /** Tells what costs money, with the price that was agreed. */
  const buy = (
    id: string,
    of: { operation: PaidOperation; name: string; years: number; agreed: Price | null },
    body: Markup,
    extension: Markup | null = null,
  ): Promise<Outcome<null>> => {
    const { operation, name, years, agreed } = of
    const fee = agreed && commands.agreedFee(operation, agreed)
    return atAgreedPrice(
      () => quote(operation, name, years),
      agreed,
      () => tell(id, body, { extension: fee && extension ? xml`${extension}${fee}` : (fee ?? extension) }),
    )
  }

  return { session, to, now, ask, tell, info, quote, buy }
}

type Questions = Pick<Registrar, 'check' | 'quote' | 'info' | 'transfer' | 'poll' | 'acknowledge' | 'balance'>

function questions({ session, to, ask, info, quote }: Wired): Questions {
  return {
    async check(names) {
      const reached = await session.ready()
      if (reached.outcome !== 'ok') return reached
      const fees = session.knows(NS.fee) ? commands.checkFees(DEEDS, 1, to.currency) : null
      const found = []
      for (let at = 0; at < names.length; at += CHECKED_AT_ONCE) {
        const answer = await ask(commands.checkDomains(names.slice(at, at + CHECKED_AT_ONCE)), fees)
        if (answer.outcome !== 'ok') return answer
        found.push(...availabilities(answer.value))
      }
      return ok(found)
    },

    quote,
    info,

    async transfer(name) {
      const answer = await ask(commands.transferDomain('query', name))
      if (answer.outcome === 'rejected' && ['no_transfer', 'not_found'].includes(answer.code))
        return ok({ status: 'none', words: answer.message, actsAt: null, direction: 'in' })
      return read(answer, (found) => transferOf(found, to.clientId))
    },
    async poll() {
      const answer = await ask(commands.pollRequest)
      if (answer.outcome === 'ok' && answer.value.code === NO_MESSAGES) return ok(null)
      return read(answer, (found) => messageOf(found, to.clientId))
    },
    acknowledge: async (id) =>
      fineWhen('not_found', done(await session.command({ body: commands.pollAck(id), changes: true }), id)),
    async balance() {
      const reached = await session.ready()
      if (reached.outcome !== 'ok') return reached
      if (!session.knows(NS.balance))
        return rejected('unsupported', 'The registry does not tell the balance.')
      return read(await ask(commands.infoBalance), (found) => balanceOf(found, to.currency))
    },
  }
}

type Changes = Pick<
  Registrar,
  | 'setNameservers'
  | 'setHost'
  | 'removeHost'
  | 'setDs'
  | 'setContacts'
  | 'setLock'
  | 'setPrivacy'
  | 'authCode'
>
type Deeds = Omit<Registrar, 'kind' | 'caps' | 'close' | keyof Questions | keyof Changes>

function deeds({ session, to, now, ask, tell, info, buy }: Wired): Deeds {
  return {
    async register(id, { name, years, nameservers, contacts, agreed }) {
      const ready = to.contacts ? await ensureContacts(session, id, contacts) : ok(null)
      if (ready.outcome !== 'ok') return ready
      const hosts = await ensureHosts(session, id, nameservers)
      if (hosts.outcome !== 'ok') return hosts
      const create = commands.createDomain({
        name,
        years,
        hosts: nameservers,
        handles: to.contacts ? commands.handlesOf(contacts) : null,
        authCode: newAuthCode(),
      })
      return buy(id, { operation: 'register', name, years, agreed }, create)
    },

    renew: (id, { name, years, expiresAt, agreed }) =>
      buy(id, { operation: 'renew', name, years, agreed }, commands.renewDomain(name, years, expiresAt)),

    async transferIn(id, { name, authCode, years, agreed }) {
      const request = commands.transferDomain('request', name, { years, authCode })
      const asked = await buy(id, { operation: 'transferIn', name, years, agreed }, request)
      if (asked.outcome === 'ok') return pending(id)
      if (asked.outcome !== 'rejected' || asked.code !== 'transfer_pending') return asked
      const there = await ask(commands.transferDomain('query', name))
      const facts = there.outcome === 'ok' ? transferOf(there.value, to.clientId) : null
      return facts?.status === 'pending' && facts.direction === 'in' ? pending(id) : asked
    },

    cancelTransfer: (id, name) => tell(id, commands.transferDomain('cancel', name)),
    answerTransferOut: (id, name, how) => tell(id, commands.transferDomain(how, name)),

    async restore(id, name, agreed) {
      const before = await info(name)
      if (before.outcome !== 'ok') return before
      if (before.value?.phase === 'active') return ok(null)
      if (before.value?.phase !== 'pending_restore') {
        const of = { operation: 'restore', name, years: 1, agreed } as const
        const asked = await buy(id, of, commands.updateDomain(name, {}), commands.restoreRequest)
        if (asked.outcome !== 'ok' && asked.outcome !== 'pending') return asked
      }
      // Most registries want a report about it; those that do not refuse it, or have restored the domain already.
      const at = now()
      const report = commands.restoreReport(name, at, at)
      const told = await tell(`${id}.r`, commands.updateDomain(name, {}), { extension: report })
      return told.outcome === 'rejected' && ['prohibited', 'unsupported'].includes(told.code)
        ? ok(null)
        : told
    },
    remove: async (id, name) => fineWhen('not_found', await tell(id, commands.deleteDomain(name))),
  }
}

function changes({ session, to, tell, info }: Wired): Changes {
  return {
    setNameservers: (id, name, nameservers) => setNameservers(session, id, name, nameservers),
    setHost: (id, host, addresses) => setHost(session, id, host, addresses),
    removeHost: async (id, host) => fineWhen('not_found', await tell(id, commands.deleteHost(host))),
    async setDs(id, name, records) {
      const reached = await session.ready()
      if (reached.outcome !== 'ok') return reached
      if (!session.knows(NS.secDns)) return rejected('unsupported', 'The registry knows nothing of DNSSEC.')
      return tell(id, commands.updateDomain(name, {}), { extension: commands.replaceDs(records) })
    },
    setContacts: (id, name, contacts) =>
      to.contacts
        ? setContacts(session, id, name, contacts)
        : Promise.resolve(rejected('unsupported', 'The registry keeps no contacts.')),
    async setLock(id, name, locked) {
      const before = await info(name)
      if (before.outcome !== 'ok') return before
      if (before.value === null) return rejected('not_found', `The registry has no ${name}.`)
      const { statuses } = before.value
      const differs = LOCKS.filter((status) => statuses.includes(status) !== locked)
      if (differs.length === 0) return ok(null)
      return tell(id, commands.updateDomain(name, { [locked ? 'add' : 'remove']: { statuses: differs } }))
    },
    setPrivacy: () => Promise.resolve(rejected('unsupported', 'A registry does not hide holders.')),
    async authCode(id, name) {
      const authCode = newAuthCode()
      const set = await tell(id, commands.updateDomain(name, { authCode }))
      return set.outcome === 'ok' ? ok(authCode) : set
    },
  }
}
