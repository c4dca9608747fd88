import * as domains from './domains.ts'
import type { By, Update } from './domains.ts'
import { feeOf, fees } from './feeExtension.ts'
import { contact, host } from './objects.ts'
import * as transfers from './transfers.ts'
import {
  accountOf,
  LOW_BALANCE_MINOR,
  newCode,
  Refused,
  type Domain,
  type Ds,
  type Message,
  type Transfer,
  type World,
} from './world.ts'
import { esc, every, iso, money, part, URI, word, type Element } from './xml.ts'

/** What a command is answered with. */
export type Answer = { code: number; data?: string; extension?: string; queue?: string }

/** Does what stands in `<command>`. @throws Refused */
export function carryOut(world: World, by: By, command: Element, clTRID: string): Answer {
  const verb = command.parts.find(({ name }) => name !== 'extension' && name !== 'clTRID')
  if (!verb) throw new Refused(2001, 'there is no command')
  if (verb.name === 'poll') return poll(world, by, verb)
  const object = verb.parts[0]
  const extension = part(command, 'extension')
  if (object?.uri === URI.balance && verb.name === 'info') return balance(world, by)
  if (object?.uri === URI.host) return host(world, by, verb.name, object)
  if (object?.uri === URI.contact) return contact(world, by, verb.name, object)
  if (object?.uri !== URI.domain) throw new Refused(2307, 'no object of this registry')
  return domain(world, by, verb, object, extension, clTRID)
}

const data = (name: string, content: string): string =>
  `<domain:${name} xmlns:domain="${URI.domain}">${content}</domain:${name}>`
const named = (name: string): string => `<domain:name>${esc(name)}</domain:name>`
const yearsOf = (object: Element): number => {
  const period = part(object, 'period')
  const n = Number(word(period) || '1')
  return period?.attrs['unit'] === 'm' ? n / 12 : n
}

function domain(
  world: World,
  by: By,
  verb: Element,
  object: Element,
  extension: Element | undefined,
  clTRID: string,
): Answer {
  const name = word(part(object, 'name')).toLowerCase()
  switch (verb.name) {
    case 'check':
      return check(world, object, extension)
    case 'info':
      return info(domains.existing(world, name), by)
    case 'create': {
      const made = domains.create(world, by, {
        name,
        years: yearsOf(object),
        hosts: hostsOf(object),
        registrant: word(part(object, 'registrant')) || null,
        contacts: contactsOf(object),
        authCode: word(part(object, 'authInfo', 'pw')) || newCode(),
        ds: every(part(extension, 'create'), 'dsData').map(dsOf),
        fee: feeOf(extension),
        clTRID,
      })
      return {
        code: made.pendingCreate ? 1001 : 1000,
        data: data(
          'creData',
          `${named(name)}<domain:crDate>${iso(made.createdAt)}</domain:crDate><domain:exDate>${iso(made.expiresAt)}</domain:exDate>`,
        ),
      }
    }
    case 'renew': {
      const expiry = word(part(object, 'curExpDate'))
      const after = domains.renew(world, by, name, expiry, yearsOf(object), feeOf(extension))
      return {
        code: 1000,
        data: data('renData', `${named(name)}<domain:exDate>${iso(after.expiresAt)}</domain:exDate>`),
      }
    }
    case 'delete':
      return { code: domains.remove(world, by, name) ? 1000 : 1001 }
    case 'transfer':
      return moving(world, by, verb.attrs['op'] ?? '', name, object, extension)
    case 'update': {
      const rgpUpdate = extension?.parts.find(({ uri }) => uri === URI.rgp)
      const op = part(rgpUpdate, 'restore')?.attrs['op']
      if (op !== undefined) {
        const step = op === 'report' ? 'report' : 'request'
        const after = domains.restore(world, by, name, step, feeOf(extension))
        return {
          code: 1000,
          extension: op === 'report' ? undefined : rgp('upData', domains.graceOf(after, by.now)),
        }
      }
      domains.update(world, by, updateOf(name, object, extension))
      return { code: 1000 }
    }
    default:
      throw new Refused(2101, verb.name)
  }
}

const hostsOf = (of: Element | undefined): string[] =>
  every(part(of, 'ns'), 'hostObj').map((one) => word(one).toLowerCase())
const contactsOf = (of: Element | undefined): Domain['contacts'] =>
  every(of, 'contact').map((one) => ({ role: one.attrs['type'] ?? '', handle: word(one) }))
const dsOf = (of: Element): Ds => ({
  keyTag: word(part(of, 'keyTag')),
  alg: word(part(of, 'alg')),
  digestType: word(part(of, 'digestType')),
  digest: word(part(of, 'digest')),
})
const changeOf = (of: Element | undefined) => ({
  hosts: hostsOf(of),
  contacts: contactsOf(of),
  statuses: every(of, 'status').map(({ attrs }) => attrs['s'] ?? ''),
})

function updateOf(name: string, object: Element, extension: Element | undefined): Update {
  const dns = extension?.parts.find(({ uri, name: tag }) => uri === URI.secDNS && tag === 'update')
  const chg = part(object, 'chg')
  return {
    name,
    add: changeOf(part(object, 'add')),
    remove: changeOf(part(object, 'rem')),
    registrant: word(part(chg, 'registrant')) || null,
    authCode: word(part(chg, 'authInfo', 'pw')) || null,
    ds: dns
      ? {
          removeAll: /^(1|true)$/.test(word(part(dns, 'rem', 'all'))),
          remove: every(part(dns, 'rem'), 'dsData').map(dsOf),
          add: every(part(dns, 'add'), 'dsData').map(dsOf),
        }
      : null,
  }
}

function check(world: World, object: Element, extension: Element | undefined): Answer {
  const names = every(object, 'name').map((one) => word(one).toLowerCase())
  const rows = names.map((name) => {
    const reason = domains.taken(world, name)
    return `<domain:cd><domain:name avail="${reason === null ? 1 : 0}">${esc(name)}</domain:name>${
      reason === null ? '' : `<domain:reason>${esc(reason)}</domain:reason>`
    }</domain:cd>`
  })
  const fee = extension?.parts.find(({ uri }) => uri === URI.fee)
  return {
    code: 1000,
    data: data('chkData', rows.join('')),
    extension: fee && fees(world, names, fee),
  }
}

const rgp = (name: string, statuses: readonly string[]): string | undefined =>
  statuses.length === 0
    ? undefined
    : `<rgp:${name} xmlns:rgp="${URI.rgp}">${statuses.map((s) => `<rgp:rgpStatus s="${s}"/>`).join('')}</rgp:${name}>`

/** Others see whose a domain is and until when, and no more. */
function info(found: Domain, by: By): Answer {
  const isMine = found.sponsor === by.account
  const inside = isMine
    ? [
        ...domains.statusesOf(found).map((s) => `<domain:status s="${s}"/>`),
        found.registrant === null ? '' : `<domain:registrant>${esc(found.registrant)}</domain:registrant>`,
        ...found.contacts.map(
          ({ role, handle }) => `<domain:contact type="${role}">${esc(handle)}</domain:contact>`,
        ),
        found.hosts.length === 0
          ? ''
          : `<domain:ns>${found.hosts.map((one) => `<domain:hostObj>${esc(one)}</domain:hostObj>`).join('')}</domain:ns>`,
      ].join('')
    : ''
  const ds = found.ds
    .map(
      (one) =>
        `<secDNS:dsData><secDNS:keyTag>${one.keyTag}</secDNS:keyTag><secDNS:alg>${one.alg}</secDNS:alg><secDNS:digestType>${one.digestType}</secDNS:digestType><secDNS:digest>${one.digest}</secDNS:digest></secDNS:dsData>`,
    )
    .join('')
  const extensions = isMine
    ? [
        rgp('infData', domains.graceOf(found, by.now)) ?? '',
        ds === '' ? '' : `<secDNS:infData xmlns:secDNS="${URI.secDNS}">${ds}</secDNS:infData>`,
      ].join('')
    : ''
  return {
    code: 1000,
    data: data(
      'infData',
      `${named(found.name)}<domain:roid>${found.roid}</domain:roid>${inside}<domain:clID>${found.sponsor}</domain:clID><domain:crID>${found.createdBy}</domain:crID><domain:crDate>${iso(found.createdAt)}</domain:crDate>${
        found.updatedAt === null
          ? ''
          : `<domain:upID>${found.sponsor}</domain:upID><domain:upDate>${iso(found.updatedAt)}</domain:upDate>`
      }<domain:exDate>${iso(found.expiresAt)}</domain:exDate>${
        isMine ? `<domain:authInfo><domain:pw>${esc(found.authCode)}</domain:pw></domain:authInfo>` : ''
      }`,
    ),
    extension: extensions || undefined,
  }
}

const trnData = (name: string, transfer: Transfer): string =>
  data(
    'trnData',
    `${named(name)}<domain:trStatus>${transfer.status}</domain:trStatus><domain:reID>${transfer.by}</domain:reID><domain:reDate>${iso(transfer.at)}</domain:reDate><domain:acID>${transfer.from}</domain:acID><domain:acDate>${iso(transfer.actsAt)}</domain:acDate><domain:exDate>${iso(transfer.expiresAt)}</domain:exDate>`,
  )

function moving(
  world: World,
  by: By,
  op: string,
  name: string,
  object: Element,
  extension: Element | undefined,
): Answer {
  if (op === 'query') {
    return { code: 1000, data: trnData(name, transfers.queryTransfer(world, by, name).transfer) }
  }
  if (op === 'request') {
    const authCode = word(part(object, 'authInfo', 'pw')) || null
    const asked = transfers.requestTransfer(world, by, {
      name,
      authCode,
      years: yearsOf(object),
      fee: feeOf(extension),
    })
    return { code: 1001, data: asked.transfer ? trnData(name, asked.transfer) : undefined }
  }
  if (op !== 'approve' && op !== 'reject' && op !== 'cancel') throw new Refused(2005, `op ${op}`)
  const after = transfers.answerTransfer(world, by, name, op)
  return { code: 1000, data: after.transfer ? trnData(name, after.transfer) : undefined }
}

function poll(world: World, by: By, verb: Element): Answer {
  const account = accountOf(world, by.account)
  if (verb.attrs['op'] === 'ack') {
    const at = account.messages.findIndex(({ id }) => id === verb.attrs['msgID'])
    if (at < 0) throw new Refused(2303, 'there is no such message')
    account.messages.splice(at, 1)
    const next = account.messages[0]
    return { code: 1000, queue: next && `<msgQ count="${account.messages.length}" id="${next.id}"/>` }
  }
  const first = account.messages[0]
  if (!first) return { code: 1300 }
  return {
    code: 1301,
    queue: `<msgQ count="${account.messages.length}" id="${first.id}"><qDate>${iso(first.at)}</qDate><msg>${esc(first.text)}</msg></msgQ>`,
    data: aboutOf(first),
  }
}

function aboutOf({ about }: Message): string {
  if (about.kind === 'transfer') return trnData(about.name, about.transfer)
  if (about.kind === 'action')
    return data(
      'panData',
      `<domain:name paResult="${about.granted ? 1 : 0}">${esc(about.name)}</domain:name><domain:paTRID><clTRID>${esc(about.clTRID)}</clTRID><svTRID>${about.svTRID}</svTRID></domain:paTRID><domain:paDate>${iso(about.at)}</domain:paDate>`,
    )
  return `<lb:pollData xmlns:lb="${URI.lowBalance}"><lb:registrarName>simulated</lb:registrarName><lb:creditLimit>0.00</lb:creditLimit><lb:creditThreshold type="FIXED">${money(about.limitMinor)}</lb:creditThreshold><lb:availableCredit>${money(about.balanceMinor)}</lb:availableCredit></lb:pollData>`
}

function balance(world: World, by: By): Answer {
  const { balanceMinor } = accountOf(world, by.account)
  return {
    code: 1000,
    data: `<balance:infData xmlns:balance="${URI.balance}"><balance:creditLimit>0.00</balance:creditLimit><balance:balance>${money(-balanceMinor)}</balance:balance><balance:availableCredit>${money(balanceMinor)}</balance:availableCredit><balance:creditThreshold><balance:fixed>${money(LOW_BALANCE_MINOR)}</balance:fixed></balance:creditThreshold></balance:infData>`,
  }
}
