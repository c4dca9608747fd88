import { ok, pending, unknown, type Outcome } from '../../lib/outcome.ts'
import { minorOf } from './eppAnswers.ts'
import { refusal, transferStatus } from './namesiloCodes.ts'
import {
  type Call,
  isYes,
  listOf,
  namesiloCaller,
  record,
  text,
  type NameSiloConnection,
  type Params,
  type Reply,
  type Send,
} from './namesiloHttp.ts'
import { contactParams, factsOf, sameContact } from './namesiloShapes.ts'
import type { Contact, Contacts, DsRecord, Registrar } from './types.ts'

/** What the web API of NameSilo does, as the contract of `types.ts` has it (https://www.namesilo.com/api-reference). */
export function createNameSilo(send: Send, to: NameSiloConnection): Registrar {
  const of = wiredTo(send, to)
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
    },
    ...questions(of),
    ...deeds(of),
    ...changes(of),
    close: () => Promise.resolve(),
  }
}

type Wired = ReturnType<typeof wiredTo>

function wiredTo(send: Send, to: NameSiloConnection) {
  const call = namesiloCaller(send, to)
  const price = (value: unknown) => {
    const amountMinor = minorOf(text(value))
    return amountMinor === null ? null : { amountMinor, currency: to.currency }
  }
  const tell = async (operation: string, params: Params): Promise<Outcome<null>> => {
    const answer = await call(operation, params)
    return answer.outcome === 'ok' ? ok(null) : answer
  }

  const info: Registrar['info'] = async (name) => {
    const answer = await call('getDomainInfo', { domain: name })
    if (answer.outcome === 'rejected' && answer.code === 'not_found') return ok(null)
    if (answer.outcome !== 'ok') return answer
    const facts = factsOf(name, answer.value, new Date())
    return facts ? ok(facts) : unknown('NameSilo has answered something else than was asked.')
  }

  return { call, price, tell, info, ensureContacts: contactsAt(call) }
}

function contactsAt(call: Call) {
  /** Contacts have numbers there; ours is written into the field for a nickname, by which it is found again. */
  const ensureContact = async (contact: Contact): Promise<Outcome<string>> => {
    const listed = await call('contactList')
    if (listed.outcome !== 'ok') return listed
    const there = listOf(listed.value['contact'])
      .map(record)
      .find((row) => text(row['nickname']) === contact.id)
    const id = text(there?.['contact_id'])
    if (there && id !== '') {
      if (sameContact(there, contact)) return ok(id)
      const changed = await call('contactUpdate', { contact_id: id, ...contactParams(contact) })
      return changed.outcome === 'ok' ? ok(id) : changed
    }
    const made = await call('contactAdd', contactParams(contact))
    if (made.outcome !== 'ok') return made
    const given = text(made.value['contact_id'])
    return given === '' ? unknown('NameSilo has not said which contact it made.') : ok(given)
  }
  const ensureContacts = async (contacts: Contacts): Promise<Outcome<Record<string, string>>> => {
    const ids: Record<string, string> = {}
    for (const [role, contact] of Object.entries(contacts)) {
      const same = Object.entries(contacts).find(([other, { id }]) => id === contact.id && ids[other])
      const made = same ? ok(ids[same[0]] ?? '') : await ensureContact(contact)
      if (made.outcome !== 'ok') return made
      ids[role] = made.value
    }
    return ok(ids)
  }
  return ensureContacts
}

const unsupported = (what: string) =>
  Promise.resolve(refusal('unsupported', `NameSilo's API cannot ${what}: do it on its pages.`))

const asServers = (hosts: readonly string[]): Params =>
  Object.fromEntries(hosts.map((host, at) => [`ns${at + 1}`, host]))

type Questions = Pick<Registrar, 'check' | 'quote' | 'info' | 'transfer' | 'poll' | 'acknowledge' | 'balance'>

function questions({ call, price, info }: Wired): Questions {
  const check: Registrar['check'] = async (names) => {
    const answer = await call('checkRegisterAvailability', { domains: names.join(',') })
    if (answer.outcome !== 'ok') return answer
    const free = new Map(
      listOf(answer.value['available'])
        .map(record)
        .map((row) => [text(row['domain'] ?? row['name']).toLowerCase(), row]),
    )
    return ok(
      names.map((name) => {
        const row = free.get(name)
        return {
          name,
          available: row !== undefined,
          reason: row === undefined ? 'It is taken, or not sold.' : null,
          premium: isYes(row?.['premium']),
          price: row === undefined ? null : price(row['price']),
        }
      }),
    )
  }

  return {
    check,

    async quote(operation, name, years) {
      if (operation === 'restore') return ok({ price: null, premium: false })
      if (operation === 'register') {
        const answer = await check([name])
        if (answer.outcome !== 'ok') return answer
        const found = answer.value[0]
        const first = found?.price ?? null
        return ok({
          price: first && { ...first, amountMinor: first.amountMinor * BigInt(years) },
          premium: found?.premium ?? false,
        })
      }
      const answer = await call('getPrices')
      if (answer.outcome !== 'ok') return answer
      const row = record(answer.value[name.slice(name.indexOf('.') + 1)])
      const one = price(row[operation === 'renew' ? 'renew' : 'transfer'])
      return ok({
        price: one && { ...one, amountMinor: one.amountMinor * (operation === 'renew' ? BigInt(years) : 1n) },
        premium: false,
      })
    },

    info,

    async transfer(name) {
      const answer = await call('checkTransferStatus', { domain: name })
      if (answer.outcome === 'rejected' && answer.code === 'not_found')
        return ok({ status: 'none', words: answer.message, actsAt: null, direction: 'in' })
      if (answer.outcome !== 'ok') return answer
      const words = text(answer.value['status'])
      return ok({ status: transferStatus(words), words, actsAt: null, direction: 'in' })
    },

    poll: () => Promise.resolve(ok(null)),
    acknowledge: () => Promise.resolve(ok(null)),
    async balance() {
      const answer = await call('getAccountBalance')
      if (answer.outcome !== 'ok') return answer
      const found = price(text(answer.value['balance']).replaceAll(',', ''))
      return found ? ok(found) : unknown('NameSilo has not said the balance.')
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

function deeds({ tell, info, ensureContacts }: Wired): Deeds {
  return {
    async register(_id, { name, years, nameservers, contacts, privacy }) {
      const ids = await ensureContacts(contacts)
      if (ids.outcome !== 'ok') return ids
      return tell('registerDomain', {
        domain: name,
        years,
        private: privacy ? 1 : 0,
        auto_renew: 0,
        contact_id: ids.value['registrant'] ?? '',
        ...asServers(nameservers),
      })
    },

    async renew(_id, { name, years, expiresAt }) {
      // The API takes no expiry, so it is compared first; the caller lets one operation of a domain run at a time.
      const now = await info(name)
      if (now.outcome !== 'ok') return now
      if (now.value === null) return refusal('not_found', `NameSilo has no ${name} of this account.`)
      if (now.value.expiresAt?.getTime() !== expiresAt.getTime())
        return refusal('policy', `The domain expires on another day than was said.`)
      return tell('renewDomain', { domain: name, years })
    },

    async transferIn(id, { name, authCode, contacts }) {
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

const key = (row: DsRecord): string =>
  [row.keyTag, row.algorithm, row.digestType, row.digest.toUpperCase()].join(' ')

function changes({ call, tell, ensureContacts }: Wired): Changes {
  const setGlue = async (host: string, addresses: readonly string[]): Promise<Outcome<null>> => {
    const params = {
      ...glueParams(host),
      ...Object.fromEntries(addresses.map((address, at) => [`ip${at + 1}`, address])),
    }
    const changed = await tell('modifyRegisteredNameServer', params)
    if (changed.outcome !== 'rejected' || changed.code !== 'not_found') return changed
    return tell('addRegisteredNameServer', params)
  }

  return {
    async setNameservers(_id, name, servers) {
      for (const { host, addresses } of servers.filter((one) => one.host.endsWith(`.${name}`))) {
        const made = await setGlue(host, addresses)
        if (made.outcome !== 'ok') return made
      }
      return tell('changeNameServers', { domain: name, ...asServers(servers.map(({ host }) => host)) })
    },
    setHost: (_id, host, addresses) => setGlue(host, addresses),
    removeHost: (_id, host) => tell('deleteRegisteredNameServer', glueParams(host)),
    async setDs(_id, name, records) {
      const listed = await call('dnsSecListRecords', { domain: name })
      if (listed.outcome !== 'ok') return listed
      const has = listOf(listed.value['ds_record']).map(record).map(dsOf)
      const calls = [
        ...has
          .filter((row) => !records.some((other) => key(other) === key(row)))
          .map((row) => ['dnsSecDeleteRecord', row] as const),
        ...records
          .filter((row) => !has.some((other) => key(other) === key(row)))
          .map((row) => ['dnsSecAddRecord', row] as const),
      ]
      for (const [operation, row] of calls) {
        const done = await tell(operation, {
          domain: name,
          digest: row.digest,
          keyTag: row.keyTag,
          digestType: row.digestType,
          alg: row.algorithm,
        })
        if (done.outcome !== 'ok') return done
      }
      return ok(null)
    },
    async setContacts(_id, name, contacts) {
      const ids = await ensureContacts(contacts)
      if (ids.outcome !== 'ok') return ids
      const { registrant = '', admin = '', tech = '', billing = '' } = ids.value
      return tell('contactDomainAssociate', {
        domain: name,
        registrant,
        administrative: admin,
        technical: tech,
        billing,
      })
    },
    setLock: (_id, name, locked) => tell(locked ? 'domainLock' : 'domainUnlock', { domain: name }),
    setPrivacy: (_id, name, on) => tell(on ? 'addPrivacy' : 'removePrivacy', { domain: name }),
    async authCode(_id, name) {
      const asked = await call('retrieveAuthCode', { domain: name })
      return asked.outcome === 'ok' ? ok(null) : asked
    },
  }
}

const glueParams = (host: string): Params => {
  const [label = '', ...rest] = host.split('.')
  return { domain: rest.join('.'), new_host: label, current_host: label }
}

const dsOf = (row: Reply): DsRecord => ({
  keyTag: Number(row['key_tag']),
  algorithm: Number(row['algorithm']),
  digestType: Number(row['digest_type']),
  digest: text(row['digest']).toUpperCase(),
})
