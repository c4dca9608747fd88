import { all, dateOf, NS, one, textOf, type Node } from './eppXml.ts'
import { NO_PRICES } from './agreedPrice.ts'
import type { EppAnswer } from './eppDocuments.ts'
import type {
  Availability,
  Balance,
  DomainFacts,
  DsRecord,
  PaidOperation,
  Phase,
  Price,
  RegistryMessage,
  TransferFacts,
} from './types.ts'

/** What answers of a registry say, in the words of the contract. */

const isTrue = (text: string | undefined): boolean => text === '1' || text === 'true'

/** `12.5` is 1250; null for what is no amount. */
export function minorOf(text: string | null): bigint | null {
  const found = /^(-?)(\d+)(?:\.(\d{1,2})0*)?$/.exec(text ?? '')
  if (!found) return null
  const [, sign = '', whole = '', part = ''] = found
  const minor = BigInt(whole) * 100n + BigInt(part.padEnd(2, '0'))
  return sign === '-' ? -minor : minor
}

const OPERATIONS: Record<string, PaidOperation> = {
  create: 'register',
  renew: 'renew',
  transfer: 'transferIn',
  restore: 'restore',
}

/** What a deed costs in all: some registries tell it in parts. */
function priceOf(command: Node, currency: string): Price | null {
  const fees = all(command, NS.fee, 'fee').map((fee) => minorOf(textOf(fee)))
  const isKnown = fees.length > 0 && fees.every((fee) => fee !== null)
  return isKnown ? { amountMinor: fees.reduce<bigint>((sum, fee) => sum + (fee ?? 0n), 0n), currency } : null
}

type Fees = { premium: boolean; prices: Record<PaidOperation, Price | null> }

function feesOf(node: Node, currency: string): Fees {
  const prices = { ...NO_PRICES }
  for (const command of all(node, NS.fee, 'command')) {
    const operation = OPERATIONS[command.attrs['name'] ?? '']
    if (operation !== undefined) prices[operation] = priceOf(command, currency)
  }
  const label = (textOf(one(node, NS.fee, 'class')) ?? 'standard').toLowerCase()
  return { premium: label !== 'standard', prices }
}

/** What each name costs, by name; empty when the server says nothing of fees. */
export function quotesOf({ extension }: EppAnswer): Map<string, Fees> {
  const data = one(extension, NS.fee, 'chkData')
  const currency = textOf(one(data, NS.fee, 'currency')) ?? ''
  return new Map(
    all(data, NS.fee, 'cd').map((node) => [
      (textOf(one(node, NS.fee, 'objID')) ?? '').toLowerCase(),
      feesOf(node, currency),
    ]),
  )
}

export function availabilities(answer: EppAnswer): Availability[] {
  const quotes = quotesOf(answer)
  return all(one(answer.data, NS.domain, 'chkData'), NS.domain, 'cd').flatMap((node) => {
    const named = one(node, NS.domain, 'name')
    const name = textOf(named)?.toLowerCase()
    if (name === undefined) return []
    const { premium = false, prices = NO_PRICES } = quotes.get(name) ?? {}
    return [
      {
        name,
        available: isTrue(named?.attrs['avail']),
        reason: textOf(one(node, NS.domain, 'reason')),
        premium,
        prices,
      },
    ]
  })
}

function phaseOf(
  statuses: ReadonlySet<string>,
  rgp: ReadonlySet<string>,
  expiresAt: Date | null,
  now: Date,
): Phase {
  if (statuses.has('pendingCreate')) return 'pending_registry'
  if (rgp.has('pendingRestore')) return 'pending_restore'
  if (rgp.has('redemptionPeriod')) return 'redemption'
  if (statuses.has('pendingDelete') || rgp.has('pendingDelete')) return 'pending_delete'
  if (statuses.has('pendingTransfer')) return 'transfer_out_pending'
  if (statuses.has('clientHold') || statuses.has('serverHold')) return 'suspended'
  // A registry that renews by itself has moved the expiry on, and takes it back within this time.
  if (rgp.has('autoRenewPeriod') && expiresAt !== null && expiresAt <= now) return 'expired_grace'
  return 'active'
}

/** Null: the answer is not about a domain. */
export function factsOf({ data, extension }: EppAnswer, clientId: string, now: Date): DomainFacts | null {
  const info = one(data, NS.domain, 'infData')
  const name = textOf(one(info, NS.domain, 'name'))
  if (!info || name === null) return null
  const statuses = all(info, NS.domain, 'status').flatMap(({ attrs }) => attrs['s'] ?? [])
  const rgp = all(one(extension, NS.rgp, 'infData'), NS.rgp, 'rgpStatus').flatMap(
    ({ attrs }) => attrs['s'] ?? [],
  )
  const expiresAt = dateOf(one(info, NS.domain, 'exDate'))
  const set = new Set(statuses)
  return {
    name: name.toLowerCase(),
    ours: textOf(one(info, NS.domain, 'clID')) === clientId,
    phase: phaseOf(set, new Set(rgp), expiresAt, now),
    createdAt: dateOf(one(info, NS.domain, 'crDate')),
    expiresAt,
    nameservers: all(one(info, NS.domain, 'ns'), NS.domain, 'hostObj').map(({ text }) =>
      text.trim().toLowerCase(),
    ),
    ds: all(one(extension, NS.secDns, 'infData'), NS.secDns, 'dsData').map(dsOf),
    locked: set.has('clientTransferProhibited') || set.has('serverTransferProhibited'),
    privacy: null,
    statuses: [...statuses, ...rgp],
  }
}

const dsOf = (node: Node): DsRecord => ({
  keyTag: Number(textOf(one(node, NS.secDns, 'keyTag'))),
  algorithm: Number(textOf(one(node, NS.secDns, 'alg'))),
  digestType: Number(textOf(one(node, NS.secDns, 'digestType'))),
  digest: (textOf(one(node, NS.secDns, 'digest')) ?? '').toUpperCase(),
})

const TRANSFERS: Record<string, TransferFacts['status']> = {
  pending: 'pending',
  clientApproved: 'completed',
  serverApproved: 'completed',
  clientRejected: 'refused',
  clientCancelled: 'cancelled',
  serverCancelled: 'cancelled',
}

export function transferOf({ data }: EppAnswer, clientId: string): TransferFacts | null {
  const found = one(data, NS.domain, 'trnData')
  const words = textOf(one(found, NS.domain, 'trStatus'))
  if (words === null) return null
  return {
    status: TRANSFERS[words] ?? 'other',
    words,
    actsAt: dateOf(one(found, NS.domain, 'acDate')),
    direction: textOf(one(found, NS.domain, 'reID')) === clientId ? 'in' : 'out',
  }
}

export function messageOf(answer: EppAnswer, clientId: string): RegistryMessage | null {
  const { queue, data } = answer
  const id = queue?.attrs['id']
  if (id === undefined) return null
  const name = [
    one(data, NS.domain, 'trnData', 'name'),
    one(data, NS.domain, 'panData', 'name'),
    one(data, NS.domain, 'infData', 'name'),
  ]
    .map(textOf)
    .find((text) => text !== null)
  return {
    id,
    at: dateOf(one(queue, NS.epp, 'qDate')),
    text: textOf(one(queue, NS.epp, 'msg')) ?? '',
    name: name?.toLowerCase() ?? null,
    about: aboutOf(answer, clientId),
    balance: lowBalanceOf(answer),
  }
}

/** A share of the credit, or an amount. */
const limitOf = (kind: string | undefined, text: string | null, credit: string | null): bigint | null => {
  const limit = minorOf(text)
  if (limit === null || kind === 'FIXED') return limit
  const whole = minorOf(credit)
  return whole === null ? null : (whole * limit) / 10_000n
}

/** Verisign's lowbalance-poll: what is left, and below what it warns. */
function lowBalanceOf({ data }: EppAnswer): RegistryMessage['balance'] {
  const of = (name: string) => one(data, NS.lowBalance, 'pollData', name)
  const amountMinor = minorOf(textOf(of('availableCredit')))
  const threshold = of('creditThreshold')
  const limitMinor = limitOf(threshold?.attrs['type'], textOf(threshold), textOf(of('creditLimit')))
  return amountMinor === null ? null : { amountMinor, limitMinor }
}

/** Verisign's balance mapping. */
export function balanceOf({ data }: EppAnswer, currency: string): Balance | null {
  const of = (...path: string[]) => textOf(one(data, NS.balance, 'infData', ...path))
  const amountMinor = minorOf(of('availableCredit') ?? of('balance'))
  const [fixed, percent] = [of('creditThreshold', 'fixed'), of('creditThreshold', 'percent')]
  const limitMinor =
    fixed === null ? limitOf('PERCENT', percent, of('creditLimit')) : limitOf('FIXED', fixed, null)
  return amountMinor === null ? null : { amountMinor, currency, limitMinor }
}

function aboutOf(answer: EppAnswer, clientId: string): RegistryMessage['about'] {
  const transfer = transferOf(answer, clientId)
  if (transfer)
    return transfer.direction === 'in'
      ? 'transfer_in'
      : transfer.status === 'completed'
        ? 'transferred_out'
        : 'transfer_out'
  if (one(answer.data, NS.domain, 'panData')) return 'pending_action'
  return one(answer.data, NS.lowBalance, 'pollData') ? 'low_balance' : 'other'
}
