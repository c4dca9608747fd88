import { isIP } from 'node:net'
import { Markup, NS, xml } from './eppXml.ts'
import type { Contact, Contacts, DsRecord, PaidOperation, Price } from './types.ts'

/** What stands in `<command>`, by RFC 5731 (domains), 5732 (hosts), 5733 (contacts), 5910 (DNSSEC), 3915 (grace periods), 8748 (fees), 8807 (passwords). */

/** `<pw>` has no place for more, and this then stands in it. */
const LONGEST_PASSWORD = 16
const ELSEWHERE = '[LOGIN-SECURITY]'

/** The extension of a login whose password is long; null: it is not. */
export const longPassword = (text: string): Markup | null =>
  text.length <= LONGEST_PASSWORD
    ? null
    : xml`<loginSec:loginSec xmlns:loginSec="${NS.loginSec}"><loginSec:pw>${text}</loginSec:pw></loginSec:loginSec>`

/** A long password to a registry without the extension is sent as it is: some take it. */
export const login = (
  as: { clientId: string; password: string },
  objects: readonly string[],
  extensions: readonly string[],
): Markup =>
  xml`<login><clID>${as.clientId}</clID><pw>${
    longPassword(as.password) && extensions.includes(NS.loginSec) ? ELSEWHERE : as.password
  }</pw><options><version>1.0</version><lang>en</lang></options><svcs>${objects.map(
    (uri) => xml`<objURI>${uri}</objURI>`,
  )}${
    extensions.length === 0
      ? null
      : xml`<svcExtension>${extensions.map((uri) => xml`<extURI>${uri}</extURI>`)}</svcExtension>`
  }</svcs></login>`

type Verb = 'check' | 'info' | 'create' | 'update' | 'delete' | 'renew'
const object = (verb: Verb, kind: 'domain' | 'host' | 'contact', content: Markup): Markup =>
  new Markup(
    `<${verb}><${kind}:${verb} xmlns:${kind}="${NS[kind]}">${content.text}</${kind}:${verb}></${verb}>`,
  )

const named = (name: string): Markup => xml`<domain:name>${name}</domain:name>`
const period = (years: number): Markup => xml`<domain:period unit="y">${years}</domain:period>`
const password = (code: string): Markup =>
  xml`<domain:authInfo><domain:pw>${code}</domain:pw></domain:authInfo>`

export const checkDomains = (names: readonly string[]): Markup =>
  object('check', 'domain', xml`${names.map(named)}`)
export const infoDomain = (name: string): Markup =>
  object('info', 'domain', xml`<domain:name hosts="all">${name}</domain:name>`)
export const deleteDomain = (name: string): Markup => object('delete', 'domain', named(name))

export type Handles = { registrant: string; others: { role: 'admin' | 'tech' | 'billing'; handle: string }[] }

const contactList = (others: Handles['others']): Markup[] =>
  others.map(({ role, handle }) => xml`<domain:contact type="${role}">${handle}</domain:contact>`)
const hostList = (hosts: readonly string[]): Markup =>
  xml`<domain:ns>${hosts.map((host) => xml`<domain:hostObj>${host}</domain:hostObj>`)}</domain:ns>`

export const createDomain = (asked: {
  name: string
  years: number
  hosts: readonly string[]
  handles: Handles | null
  authCode: string
}): Markup =>
  object(
    'create',
    'domain',
    xml`${named(asked.name)}${period(asked.years)}${asked.hosts.length > 0 ? hostList(asked.hosts) : null}${
      asked.handles && xml`<domain:registrant>${asked.handles.registrant}</domain:registrant>`
    }${asked.handles && contactList(asked.handles.others)}${password(asked.authCode)}`,
  )

export const renewDomain = (name: string, years: number, expiresAt: Date): Markup =>
  object(
    'renew',
    'domain',
    xml`${named(name)}<domain:curExpDate>${expiresAt.toISOString().slice(0, 10)}</domain:curExpDate>${period(years)}`,
  )

type TransferVerb = 'request' | 'query' | 'approve' | 'reject' | 'cancel'
export const transferDomain = (
  op: TransferVerb,
  name: string,
  more: { years?: number; authCode?: string } = {},
): Markup =>
  xml`<transfer op="${op}"><domain:transfer xmlns:domain="${NS.domain}">${named(name)}${
    more.years === undefined ? null : period(more.years)
  }${more.authCode === undefined ? null : password(more.authCode)}</domain:transfer></transfer>`

type Part = { hosts?: readonly string[]; handles?: Handles['others']; statuses?: readonly string[] }
const partOf = ({ hosts = [], handles = [], statuses = [] }: Part): Markup =>
  xml`${hosts.length > 0 ? hostList(hosts) : null}${contactList(handles)}${statuses.map(
    (status) => xml`<domain:status s="${status}"/>`,
  )}`

export function updateDomain(
  name: string,
  {
    add,
    remove,
    registrant,
    authCode,
  }: { add?: Part; remove?: Part; registrant?: string; authCode?: string },
): Markup {
  const change =
    registrant === undefined && authCode === undefined
      ? null
      : xml`<domain:chg>${registrant === undefined ? null : xml`<domain:registrant>${registrant}</domain:registrant>`}${
          authCode === undefined ? null : password(authCode)
        }</domain:chg>`
  return object(
    'update',
    'domain',
    xml`${named(name)}${add ? xml`<domain:add>${partOf(add)}</domain:add>` : null}${
      remove ? xml`<domain:rem>${partOf(remove)}</domain:rem>` : null
    }${change}`,
  )
}

const ds = (record: DsRecord): Markup =>
  xml`<secDNS:dsData><secDNS:keyTag>${record.keyTag}</secDNS:keyTag><secDNS:alg>${record.algorithm}</secDNS:alg><secDNS:digestType>${record.digestType}</secDNS:digestType><secDNS:digest>${record.digest}</secDNS:digest></secDNS:dsData>`

/** Takes all away and puts these in their place, in one command. */
export const replaceDs = (to: readonly DsRecord[]): Markup =>
  xml`<secDNS:update xmlns:secDNS="${NS.secDns}"><secDNS:rem><secDNS:all>true</secDNS:all></secDNS:rem>${
    to.length > 0 ? xml`<secDNS:add>${to.map(ds)}</secDNS:add>` : null
  }</secDNS:update>`

export const restoreRequest = xml`<rgp:update xmlns:rgp="${NS.rgp}"><rgp:restore op="request"/></rgp:update>`
export const restoreReport = (name: string, deletedAt: Date, restoredAt: Date): Markup =>
  xml`<rgp:update xmlns:rgp="${NS.rgp}"><rgp:restore op="report"><rgp:report><rgp:preData>${name}</rgp:preData><rgp:postData>${name}</rgp:postData><rgp:delTime>${deletedAt.toISOString()}</rgp:delTime><rgp:resTime>${restoredAt.toISOString()}</rgp:resTime><rgp:resReason>The holder has asked for it.</rgp:resReason><rgp:statement>The registration is restored for its holder, not to take the rights to it for ourselves.</rgp:statement><rgp:statement>What this report says is true as far as we know.</rgp:statement></rgp:report></rgp:restore></rgp:update>`

const FEE_NAMES: Record<PaidOperation, string> = {
  register: 'create',
  renew: 'renew',
  transferIn: 'transfer',
  restore: 'restore',
}
/** @param operations of what the price is asked, all for so many years */
export const checkFees = (operations: readonly PaidOperation[], years: number, currency: string): Markup =>
  xml`<fee:check xmlns:fee="${NS.fee}"><fee:currency>${currency}</fee:currency>${operations.map(
    (operation) =>
      xml`<fee:command name="${FEE_NAMES[operation]}">${
        operation === 'restore' ? null : xml`<fee:period unit="y">${years}</fee:period>`
      }</fee:command>`,
  )}</fee:check>`

/** A restore is an update. */
const FEE_ELEMENTS: Record<PaidOperation, string> = { ...FEE_NAMES, restore: 'update' }
export const agreedFee = (operation: PaidOperation, price: Price): Markup => {
  const tag = new Markup(`fee:${FEE_ELEMENTS[operation]}`)
  return xml`<${tag} xmlns:fee="${NS.fee}"><fee:currency>${price.currency}</fee:currency><fee:fee>${decimal(price.amountMinor)}</fee:fee></${tag}>`
}

/** Registries count in currencies with two digits after the point. */
const decimal = (minor: bigint): string => {
  const digits = minor.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

const address = (text: string): Markup =>
  xml`<host:addr ip="${isIP(text) === 6 ? 'v6' : 'v4'}">${text}</host:addr>`
const addresses = (list: readonly string[]): Markup[] => list.map(address)
const hostNamed = (host: string): Markup => xml`<host:name>${host}</host:name>`

export const infoHost = (host: string): Markup => object('info', 'host', hostNamed(host))
export const createHost = (host: string, list: readonly string[]): Markup =>
  object('create', 'host', xml`${hostNamed(host)}${addresses(list)}`)
export const updateHost = (host: string, add: readonly string[], remove: readonly string[]): Markup =>
  object(
    'update',
    'host',
    xml`${hostNamed(host)}${add.length > 0 ? xml`<host:add>${addresses(add)}</host:add>` : null}${
      remove.length > 0 ? xml`<host:rem>${addresses(remove)}</host:rem>` : null
    }`,
  )
export const deleteHost = (host: string): Markup => object('delete', 'host', hostNamed(host))

/** A handle is 3 to 16 characters long: the end of our id is its random part. */
const handleOf = ({ id }: Pick<Contact, 'id'>): string =>
  `MP${id.replaceAll('-', '').slice(-14).toUpperCase()}`

export const handlesOf = (contacts: Contacts): Handles => ({
  registrant: handleOf(contacts.registrant),
  others: (['admin', 'tech', 'billing'] as const).map((role) => ({ role, handle: handleOf(contacts[role]) })),
})

const whereabouts = (contact: Contact): Markup =>
  xml`<contact:postalInfo type="int"><contact:name>${contact.name}</contact:name>${
    contact.company === null ? null : xml`<contact:org>${contact.company}</contact:org>`
  }<contact:addr><contact:street>${contact.street}</contact:street><contact:city>${contact.city}</contact:city>${
    contact.region === null ? null : xml`<contact:sp>${contact.region}</contact:sp>`
  }<contact:pc>${contact.postcode}</contact:pc><contact:cc>${contact.country}</contact:cc></contact:addr></contact:postalInfo><contact:voice>${contact.phone}</contact:voice><contact:email>${contact.email}</contact:email>`

export const createContact = (contact: Contact, authCode: string): Markup =>
  object(
    'create',
    'contact',
    xml`<contact:id>${handleOf(contact)}</contact:id>${whereabouts(contact)}<contact:authInfo><contact:pw>${authCode}</contact:pw></contact:authInfo>`,
  )
export const updateContact = (contact: Contact): Markup =>
  object(
    'update',
    'contact',
    xml`<contact:id>${handleOf(contact)}</contact:id><contact:chg>${whereabouts(contact)}</contact:chg>`,
  )

export const pollRequest = xml`<poll op="req"/>`
export const pollAck = (id: string): Markup => xml`<poll op="ack" msgID="${id}"/>`
export const infoBalance = xml`<info><balance:info xmlns:balance="${NS.balance}"/></info>`
