import { pay, tldOf, type Named } from './fees.ts'
import { accountOf, nextId, PERIODS, Refused, type Domain, type Ds, type World } from './world.ts'

/** The registry's rules about domains. Each deed is done by an account at a time, or refused with a number. */
export type By = { account: string; now: number }

const MAX_YEARS = 10
export const addYears = (at: number, years: number): number => {
  const date = new Date(at)
  return date.setUTCFullYear(date.getUTCFullYear() + years)
}

export const find = (world: World, name: string): Domain | undefined =>
  world.domains.find((domain) => domain.name === name)

export function existing(world: World, name: string): Domain {
  const found = find(world, name)
  if (!found) throw new Refused(2303, `${name} is not registered`)
  return found
}

function mine(world: World, name: string, by: By): Domain {
  const domain = existing(world, name)
  if (domain.sponsor !== by.account) throw new Refused(2201, `${name} is of another registrar`)
  return domain
}

/** Why a name is not to be had, in at most 32 characters (RFC 5731); null: it is. */
export function taken(world: World, name: string): string | null {
  if (find(world, name)) return 'In use'
  if (world.reserved.includes(name)) return 'Reserved'
  try {
    tldOf(world, name)
    return null
  } catch {
    return 'Not registered here'
  }
}

function requireYears(years: number): void {
  if (!Number.isInteger(years) || years < 1 || years > MAX_YEARS)
    throw new Refused(2306, `a period is 1 to ${MAX_YEARS} years`)
}

export type Create = {
  name: string
  years: number
  hosts: string[]
  registrant: string | null
  contacts: Domain['contacts']
  authCode: string
  ds: Ds[]
  fee: Named | null
  clTRID: string
}

/** A name that begins with `pending-` waits for a decision. */
export function create(world: World, by: By, asked: Create): Domain {
  const { name, years } = asked
  requireYears(years)
  tldOf(world, name)
  if (taken(world, name) !== null) throw new Refused(2302, `${name} is taken`)
  requireObjects(world, asked.hosts, [asked.registrant, ...asked.contacts.map(({ handle }) => handle)])
  const minor = pay(world, by, { name, deed: 'create', years, fee: asked.fee })
  const domain: Domain = {
    name,
    roid: nextId(world, 'D'),
    sponsor: by.account,
    createdBy: by.account,
    createdAt: by.now,
    updatedAt: null,
    expiresAt: addYears(by.now, years),
    authCode: asked.authCode,
    registrant: asked.registrant,
    contacts: asked.contacts,
    hosts: asked.hosts,
    statuses: [],
    ds: asked.ds,
    pendingCreate: name.startsWith('pending-') ? { clTRID: asked.clTRID, svTRID: nextId(world, 'T') } : null,
    deletedAt: null,
    restoreAskedAt: null,
    transfer: null,
    refundable: [{ period: 'addPeriod', until: by.now + PERIODS.addMs, minor }],
  }
  world.domains.push(domain)
  return domain
}

function requireObjects(world: World, hosts: readonly string[], handles: readonly (string | null)[]): void {
  for (const host of hosts)
    if (!world.hosts.some(({ name }) => name === host)) throw new Refused(2303, `there is no host ${host}`)
  for (const handle of handles)
    if (handle !== null && !world.contacts.some((contact) => contact.handle === handle))
      throw new Refused(2303, `there is no contact ${handle}`)
}

/** The statuses that nobody has set, and those that somebody has. */
export function statusesOf(domain: Domain): string[] {
  const more = [
    ...(domain.pendingCreate ? ['pendingCreate'] : []),
    ...(domain.deletedAt !== null ? ['pendingDelete'] : []),
    ...(domain.transfer?.status === 'pending' ? ['pendingTransfer'] : []),
  ]
  const all = [...domain.statuses, ...more]
  const isPlain = !all.some((status) => status.startsWith('pending') || /Prohibited|Hold/.test(status))
  return [
    ...all,
    ...(domain.hosts.length === 0 ? ['inactive'] : []),
    ...(isPlain && domain.hosts.length > 0 ? ['ok'] : []),
  ]
}

export function graceOf(domain: Domain, now: number): string[] {
  if (domain.restoreAskedAt !== null) return ['pendingRestore']
  if (domain.deletedAt !== null)
    return [now < domain.deletedAt + PERIODS.redemptionMs ? 'redemptionPeriod' : 'pendingDelete']
  if (now >= domain.expiresAt) return ['autoRenewPeriod']
  return [...new Set(domain.refundable.filter(({ until }) => until > now).map(({ period }) => period))]
}

export function requireFree(domain: Domain, deed: string, except: readonly string[] = []): void {
  const all = statusesOf(domain)
  const stops = all.find(
    (status) =>
      !except.includes(status) &&
      (status.startsWith('pending') ||
        status === `client${deed}Prohibited` ||
        status === `server${deed}Prohibited`),
  )
  if (stops) throw new Refused(2304, `the domain is ${stops}`)
}

export function renew(
  world: World,
  by: By,
  name: string,
  expiry: string,
  years: number,
  fee: Named | null = null,
): Domain {
  const domain = mine(world, name, by)
  requireYears(years)
  requireFree(domain, 'Renew')
  if (new Date(domain.expiresAt).toISOString().slice(0, 10) !== expiry)
    throw new Refused(2306, `the domain does not expire on ${expiry}`)
  const until = addYears(domain.expiresAt, years)
  if (until > addYears(by.now, MAX_YEARS)) throw new Refused(2306, 'more than ten years ahead')
  const minor = pay(world, by, { name, deed: 'renew', years, fee })
  domain.expiresAt = until
  domain.refundable.push({ period: 'renewPeriod', until: by.now + PERIODS.renewMs, minor })
  return domain
}

/** @returns whether it is gone at once */
export function remove(world: World, by: By, name: string): boolean {
  const domain = mine(world, name, by)
  if (domain.deletedAt !== null) throw new Refused(2304, 'the domain is pendingDelete')
  requireFree(domain, 'Delete')
  const child = world.hosts.find((host) => host.name.endsWith(`.${name}`))
  if (child && world.domains.some((other) => other.name !== name && other.hosts.includes(child.name)))
    throw new Refused(2305, `other domains are served by ${child.name}`)
  const given = domain.refundable.filter(({ until }) => until > by.now)
  accountOf(world, by.account).balanceMinor += given.reduce((sum, { minor }) => sum + minor, 0)
  domain.refundable = []
  if (given.some(({ period }) => period === 'addPeriod')) {
    drop(world, domain)
    return true
  }
  domain.deletedAt = by.now
  return false
}

export function drop(world: World, domain: Domain): void {
  world.domains = world.domains.filter((other) => other !== domain)
  world.hosts = world.hosts.filter(({ name }) => !name.endsWith(`.${domain.name}`))
}

export function restore(
  world: World,
  by: By,
  name: string,
  op: 'request' | 'report',
  fee: Named | null = null,
): Domain {
  const domain = mine(world, name, by)
  if (op === 'report') {
    if (domain.restoreAskedAt === null) throw new Refused(2304, 'no restore waits for a report')
    domain.restoreAskedAt = null
    domain.deletedAt = null
    domain.expiresAt = Math.max(domain.expiresAt, addYears(by.now, 1))
    return domain
  }
  if (graceOf(domain, by.now)[0] !== 'redemptionPeriod')
    throw new Refused(2304, 'the domain is not in its redemption period')
  pay(world, by, { name, deed: 'restore', years: 1, fee })
  domain.restoreAskedAt = by.now
  return domain
}

type Change = { hosts: string[]; contacts: Domain['contacts']; statuses: string[] }
export type Update = {
  name: string
  add: Change
  remove: Change
  registrant: string | null
  authCode: string | null
  ds: { removeAll: boolean; remove: Ds[]; add: Ds[] } | null
}

const without = <T>(list: T[], gone: readonly T[], same: (a: T, b: T) => boolean): T[] =>
  list.filter((one) => !gone.some((other) => same(one, other)))
const is = (a: string, b: string): boolean => a === b

const sameDs = (a: Ds, b: Ds): boolean =>
  a.keyTag === b.keyTag &&
  a.alg === b.alg &&
  a.digestType === b.digestType &&
  a.digest.toUpperCase() === b.digest.toUpperCase()

export function update(world: World, by: By, asked: Update): Domain {
  const domain = mine(world, asked.name, by)
  requireFree(domain, 'Update', asked.remove.statuses)
  const wrong = [...asked.add.statuses, ...asked.remove.statuses].find(
    (status) => !status.startsWith('client'),
  )
  if (wrong) throw new Refused(2308, `${wrong} is not a registrar's to set`)
  requireObjects(world, asked.add.hosts, [
    asked.registrant,
    ...asked.add.contacts.map(({ handle }) => handle),
  ])
  const twice = asked.add.hosts.find((host) => domain.hosts.includes(host))
  if (twice) throw new Refused(2306, `${twice} is there already`)
  domain.hosts = [...without(domain.hosts, asked.remove.hosts, is), ...asked.add.hosts]
  domain.statuses = [...without(domain.statuses, asked.remove.statuses, is), ...asked.add.statuses]
  domain.contacts = [
    ...without(domain.contacts, asked.remove.contacts, (a, b) => a.role === b.role && a.handle === b.handle),
    ...asked.add.contacts,
  ]
  if (asked.registrant !== null) domain.registrant = asked.registrant
  if (asked.authCode !== null) domain.authCode = asked.authCode
  if (asked.ds)
    domain.ds = [...(asked.ds.removeAll ? [] : without(domain.ds, asked.ds.remove, sameDs)), ...asked.ds.add]
  domain.updatedAt = by.now
  return domain
}
