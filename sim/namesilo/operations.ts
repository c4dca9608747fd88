import * as domains from '../registry/domains.ts'
import type { By } from '../registry/domains.ts'
import { CURRENCY, feeOf, isPremium, type Named } from '../registry/fees.ts'
import { requestTransfer } from '../registry/transfers.ts'
import { accountOf, Refused, type Ds, type World } from '../registry/world.ts'

export type Reply = { code: number; detail?: string } & Record<string, unknown>
/** What it keeps beside the registry's world. */
export type Extra = {
  contacts: Record<string, string>[]
  private: Set<string>
  transfers: Map<string, string>
}
type On = { world: World; extra: Extra; by: By }
type Params = Record<string, string>

/** Its orders name no price: it takes what it costs. */
const ANY: Named = { minor: Infinity, currency: CURRENCY }

const day = (at: number): string => new Date(at).toISOString().slice(0, 10)
const money = (minor: number): number => minor / 100
const yes = (is: boolean): string => (is ? 'Yes' : 'No')
const nameOf = ({ domain = '' }: Params): string => domain.toLowerCase()
const serversOf = (params: Params): string[] =>
  Object.entries(params)
    .filter(([field]) => /^ns\d+$/.test(field))
    .map(([, host]) => host.toLowerCase())

const LOCK = 'clientTransferProhibited'

function mine({ world, by }: On, params: Params) {
  const domain = domains.find(world, nameOf(params))
  if (!domain || domain.sponsor !== by.account)
    throw new Refused(2303, 'Domain is not active, or does not belong to this user')
  return domain
}

const FIELDS: Record<string, string> = {
  fn: 'first_name',
  ln: 'last_name',
  cp: 'company',
  ad: 'address',
  cy: 'city',
  st: 'state',
  zp: 'zip',
  ct: 'country',
  ph: 'phone',
  em: 'email',
  nn: 'nickname',
}
const contactOf = (params: Params): Record<string, string> =>
  Object.fromEntries(
    Object.entries(FIELDS).flatMap(([param, field]) =>
      params[param] === undefined ? [] : [[field, params[param]]],
    ),
  ) as Record<string, string>

function ensureHosts({ world, by }: On, hosts: readonly string[]): void {
  for (const name of hosts)
    if (!world.hosts.some((host) => host.name === name))
      world.hosts.push({ name, sponsor: by.account, createdAt: by.now, addresses: [] })
}

function stateOf(on: On, params: Params): string {
  const domain = mine(on, params)
  const grace = domains.graceOf(domain, on.by.now)[0]
  if (grace === 'redemptionPeriod' || grace === 'pendingRestore') return 'Expired (restore period)'
  if (grace === 'pendingDelete') return 'Pending Delete'
  if (grace === 'autoRenewPeriod') return 'Expired (grace period)'
  if (domain.pendingCreate) return 'Pending'
  return domain.transfer?.status === 'pending' ? 'Pending Outbound Transfer' : 'Active'
}

const dsOf = (params: Params): Ds => ({
  keyTag: params['keyTag'] ?? '',
  alg: params['alg'] ?? '',
  digestType: params['digestType'] ?? '',
  digest: params['digest'] ?? '',
})

const glue = ({ world, by }: On, params: Params, isNew: boolean): Partial<Reply> => {
  const name = `${isNew ? params['new_host'] : params['current_host']}.${nameOf(params)}`
  const found = world.hosts.find((host) => host.name === name)
  const addresses = Object.entries(params)
    .filter(([field]) => /^ip\d+$/.test(field))
    .map(([, address]) => address)
  if (isNew) world.hosts.push({ name, sponsor: by.account, createdAt: by.now, addresses })
  else if (found) found.addresses = addresses
  else throw new Refused(2303, 'there is no such host')
  return {}
}

/** One is answered as itself, several as a list. */
const few = <T>(list: T[]): T | T[] => (list.length === 1 ? (list[0] as T) : list)

export const OPERATIONS: Record<string, (on: On, params: Params) => Partial<Reply>> = {
  checkRegisterAvailability: ({ world }, { domains: names = '' }) => {
    const asked = names.split(',')
    const free = asked.filter((name) => domains.taken(world, name) === null)
    return {
      available: free.map((name) => ({
        domain: name,
        price: money(feeOf(world, name, 'create', 1)),
        renew: money(feeOf(world, name, 'renew', 1)),
        premium: isPremium(world, name) ? 1 : 0,
        duration: 1,
      })),
      unavailable: asked.filter((name) => !free.includes(name)),
    }
  },
  getPrices: ({ world }) =>
    Object.fromEntries(
      Object.entries(world.tlds).map(([tld, prices]) => [
        tld,
        {
          registration: money(prices.createMinor).toFixed(2),
          transfer: money(prices.transferMinor).toFixed(2),
          renew: money(prices.renewMinor).toFixed(2),
        },
      ]),
    ),
  registerDomain: (on, params) => {
    const { world, by, extra } = on
    if (domains.find(world, nameOf(params))?.sponsor === by.account)
      return { code: 262, detail: 'Domain is already active' }
    const hosts = serversOf(params)
    ensureHosts(on, hosts)
    const made = domains.create(world, by, {
      name: nameOf(params),
      years: Number(params['years']),
      hosts,
      registrant: null,
      contacts: [],
      authCode: 'Secret-1',
      ds: [],
      fee: ANY,
      clTRID: '',
    })
    if (params['private'] === '1') extra.private.add(made.name)
    const isKnown = extra.contacts.some(({ contact_id: id }) => id === params['contact_id'])
    return {
      code: hosts.length === 0 ? 301 : isKnown ? 300 : 302,
      domain: made.name,
      order_amount: money(feeOf(world, made.name, 'create', 1)),
    }
  },
  renewDomain: (on, params) => {
    const { expiresAt } = mine(on, params)
    domains.renew(on.world, on.by, nameOf(params), day(expiresAt), Number(params['years']), ANY)
    return { domain: nameOf(params) }
  },
  getDomainInfo: (on, params) => {
    const domain = mine(on, params)
    return {
      created: day(domain.createdAt),
      expires: day(domain.expiresAt),
      status: stateOf(on, params),
      locked: yes(domain.statuses.includes(LOCK)),
      private: yes(on.extra.private.has(domain.name)),
      auto_renew: 'No',
      nameservers: few(domain.hosts.map((nameserver, at) => ({ nameserver, position: at + 1 }))),
    }
  },
  transferDomain: ({ world, by, extra }, params) => {
    const authCode = params['auth'] ?? null
    requestTransfer(world, by, { name: nameOf(params), authCode, years: 1, fee: ANY })
    extra.transfers.set(nameOf(params), 'Pending at Registry')
    return { domain: nameOf(params) }
  },
  checkTransferStatus: ({ world, extra }, params) => {
    const said = extra.transfers.get(nameOf(params))
    if (said === undefined) throw new Refused(2303, 'there is no such transfer')
    const done = domains.find(world, nameOf(params))?.transfer?.status
    const ended = done === 'clientApproved' || done === 'serverApproved'
    const status = ended ? 'Transfer Completed' : done === 'clientRejected' ? 'Transfer Rejected' : said
    return { date: day(Date.now()), status, message: '' }
  },
  changeNameServers: (on, params) => {
    const domain = mine(on, params)
    const hosts = serversOf(params)
    const isSame = hosts.join() === domain.hosts.join()
    ensureHosts(on, hosts)
    domain.hosts = hosts
    return isSame ? { code: 253, detail: 'Domain is already using these name servers' } : {}
  },
  domainLock: (on, params) => {
    const domain = mine(on, params)
    if (domain.statuses.includes(LOCK)) return { code: 252, detail: 'Domain is already locked' }
    domain.statuses.push(LOCK)
    return {}
  },
  domainUnlock: (on, params) => {
    const domain = mine(on, params)
    if (!domain.statuses.includes(LOCK)) return { code: 253, detail: 'Domain is already unlocked' }
    domain.statuses = domain.statuses.filter((status) => status !== LOCK)
    return {}
  },
  addPrivacy: (on, params) => {
    const { name } = mine(on, params)
    if (on.extra.private.has(name)) return { code: 255, detail: 'Domain is already private' }
    on.extra.private.add(name)
    return {}
  },
  removePrivacy: (on, params) => {
    const { name } = mine(on, params)
    return on.extra.private.delete(name) ? {} : { code: 256, detail: 'Domain is already not private' }
  },
  retrieveAuthCode: (on, params) => {
    mine(on, params)
    return {}
  },
  contactList: ({ extra }) => ({ contact: few(extra.contacts) }),
  contactAdd: ({ extra }, params) => {
    const contact = { ...contactOf(params), contact_id: String(1_000 + extra.contacts.length) }
    extra.contacts.push(contact)
    return { contact_id: contact.contact_id }
  },
  contactUpdate: ({ extra }, params) => {
    const found = extra.contacts.find(({ contact_id: id }) => id === params['contact_id'])
    if (!found) throw new Refused(2303, 'there is no such contact')
    Object.assign(found, contactOf(params))
    return {}
  },
  contactDomainAssociate: (on, params) => {
    const domain = mine(on, params)
    domain.registrant = params['registrant'] ?? null
    domain.contacts = [
      { role: 'admin', handle: params['administrative'] ?? '' },
      { role: 'tech', handle: params['technical'] ?? '' },
      { role: 'billing', handle: params['billing'] ?? '' },
    ]
    return {}
  },
  addRegisteredNameServer: (on, params) => glue(on, params, true),
  modifyRegisteredNameServer: (on, params) => glue(on, params, false),
  deleteRegisteredNameServer: ({ world }, params) => {
    const name = `${params['current_host']}.${nameOf(params)}`
    world.hosts = world.hosts.filter((host) => host.name !== name)
    return {}
  },
  dnsSecListRecords: (on, params) => ({
    ds_record: few(
      mine(on, params).ds.map((ds) => ({
        digest: ds.digest,
        digest_type: ds.digestType,
        algorithm: ds.alg,
        key_tag: ds.keyTag,
      })),
    ),
  }),
  dnsSecAddRecord: (on, params) => {
    mine(on, params).ds.push(dsOf(params))
    return {}
  },
  dnsSecDeleteRecord: (on, params) => {
    const domain = mine(on, params)
    domain.ds = domain.ds.filter(({ keyTag }) => keyTag !== params['keyTag'])
    return {}
  },
  getAccountBalance: ({ world, by }) => ({
    balance: money(accountOf(world, by.account).balanceMinor).toFixed(2),
  }),
}
