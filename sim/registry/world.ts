import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** What the registry keeps. Times are milliseconds, money is in hundredths. */
export type Account = { id: string; password: string; balanceMinor: number; messages: Message[] }
export type Message = { id: string; at: number; text: string; about: About }
/** What stands beside the words of a message. */
export type About =
  | { kind: 'transfer'; name: string; transfer: Transfer }
  | { kind: 'action'; name: string; granted: boolean; clTRID: string; svTRID: string; at: number }
  | { kind: 'lowBalance'; balanceMinor: number; limitMinor: number }

export type Transfer = {
  status: 'pending' | 'clientApproved' | 'clientRejected' | 'clientCancelled' | 'serverApproved'
  by: string
  at: number
  from: string
  actsAt: number
  expiresAt: number
  /** Given back when it comes to nothing. */
  paidMinor: number
}

export type Ds = { keyTag: string; alg: string; digestType: string; digest: string }

export type Domain = {
  name: string
  roid: string
  sponsor: string
  createdBy: string
  createdAt: number
  updatedAt: number | null
  expiresAt: number
  authCode: string
  registrant: string | null
  contacts: { role: string; handle: string }[]
  hosts: string[]
  /** Those that somebody has set; the others follow from the rest. */
  statuses: string[]
  ds: Ds[]
  /** It waits for the registry's decision: see `decide`. */
  pendingCreate: { clTRID: string; svTRID: string } | null
  deletedAt: number | null
  /** Since when a restored domain waits for the report. */
  restoreAskedAt: number | null
  transfer: Transfer | null
  /** What was paid lately, and is given back when the domain is deleted until then. */
  refundable: { period: 'addPeriod' | 'renewPeriod' | 'transferPeriod'; until: number; minor: number }[]
}

type Host = { name: string; sponsor: string; createdAt: number; addresses: string[] }
type Contact = { handle: string; sponsor: string; createdAt: number; xml: Record<string, string> }

/** What a year of a name costs, and what else is asked of those who register one. */
export type Tld = { createMinor: number; renewMinor: number; transferMinor: number; restoreMinor: number }

export type World = {
  accounts: Account[]
  domains: Domain[]
  hosts: Host[]
  contacts: Contact[]
  tlds: Record<string, Tld>
  /** Names at prices of their own, for a year. They may change at any time. */
  premium: Record<string, Tld>
  /** Names that nobody gets. */
  reserved: string[]
  /** How far its clock is ahead. */
  aheadMs: number
  counter: number
}

const DAY_MS = 86_400_000
export const PERIODS = {
  addMs: 5 * DAY_MS,
  renewMs: 5 * DAY_MS,
  transferMs: 5 * DAY_MS,
  graceMs: 45 * DAY_MS,
  redemptionMs: 30 * DAY_MS,
  pendingDeleteMs: 5 * DAY_MS,
}
export const LOW_BALANCE_MINOR = 10_000

const tld = (createMinor: number, restoreMinor = 8_000): Tld => ({
  createMinor,
  renewMinor: createMinor,
  transferMinor: createMinor,
  restoreMinor,
})

const GOLD: Tld = {
  createMinor: 250_000,
  renewMinor: 120_000,
  transferMinor: 110_000,
  restoreMinor: 130_000,
}

export const emptyWorld = (accounts: { id: string; password: string }[]): World => ({
  accounts: accounts.map((account) => ({ ...account, balanceMinor: 1_000_000, messages: [] })),
  domains: [],
  hosts: [],
  contacts: [],
  tlds: {
    example: tld(1_000),
    com: tld(1_050),
    net: tld(1_150),
    org: tld(1_200),
    de: tld(700),
    shop: tld(2_900),
  },
  premium: { 'gold.example': GOLD },
  reserved: ['example.com', 'example.net', 'example.org', 'registry.example'],
  aheadMs: 0,
  counter: 0,
})

/** A refusal by its number in RFC 5730. */
export class Refused extends Error {
  readonly code: number
  constructor(code: number, reason: string) {
    super(reason)
    this.code = code
  }
}

export const nextId = (world: World, prefix: string): string => `${prefix}${(world.counter += 1)}-SIM`
export const newCode = (): string => randomBytes(9).toString('base64url')

export function accountOf(world: World, id: string): Account {
  const found = world.accounts.find((account) => account.id === id)
  if (!found) throw new Refused(2200, 'no such account')
  return found
}

export function tell(world: World, accountId: string, text: string, about: About, at: number): void {
  const account = world.accounts.find(({ id }) => id === accountId)
  account?.messages.push({ id: String((world.counter += 1)), at, text, about: structuredClone(about) })
}

/** Takes what a deed costs from the account. @throws Refused 2104 */
export function charge(world: World, accountId: string, minor: number, at: number): void {
  const account = accountOf(world, accountId)
  if (account.balanceMinor < minor) throw new Refused(2104, 'the balance of the account is too low')
  const before = account.balanceMinor
  account.balanceMinor -= minor
  if (before >= LOW_BALANCE_MINOR && account.balanceMinor < LOW_BALANCE_MINOR) {
    const about: About = {
      kind: 'lowBalance',
      balanceMinor: account.balanceMinor,
      limitMinor: LOW_BALANCE_MINOR,
    }
    tell(world, accountId, 'Low account balance', about, at)
  }
}

export function load(path: string | undefined): World | null {
  if (path === undefined || !existsSync(path)) return null
  const world = JSON.parse(readFileSync(path, 'utf8')) as World
  // Before, a premium name had one price.
  for (const [name, prices] of Object.entries(world.premium))
    if (typeof prices === 'number') world.premium[name] = { ...GOLD, createMinor: prices }
  return world
}
/** Written beside and put in its place, so that a process that is killed leaves one or the other. */
export function store(world: World, path: string | undefined): void {
  if (path === undefined) return
  writeFileSync(`${path}.new`, JSON.stringify(world))
  renameSync(`${path}.new`, path)
}
