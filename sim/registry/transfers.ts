import { addYears, existing, requireFree, type By } from './domains.ts'
import { CURRENCY, pay, type Named } from './fees.ts'
import {
  accountOf,
  newCode,
  PERIODS,
  Refused,
  tell,
  type Domain,
  type Transfer,
  type World,
} from './world.ts'

/** How a domain goes from one registrar to another. */
export function requestTransfer(
  world: World,
  by: By,
  asked: { name: string; authCode: string | null; years: number; fee?: Named | null },
): Domain {
  const domain = existing(world, asked.name)
  if (domain.sponsor === by.account) throw new Refused(2106, 'the domain is with this registrar already')
  if (domain.transfer?.status === 'pending') throw new Refused(2300, 'a transfer is pending')
  if (asked.authCode !== domain.authCode) throw new Refused(2202, 'the authorisation code is wrong')
  requireFree(domain, 'Transfer')
  const paidMinor = pay(world, by, {
    name: asked.name,
    deed: 'transfer',
    years: asked.years,
    fee: asked.fee ?? null,
  })
  domain.transfer = {
    status: 'pending',
    by: by.account,
    at: by.now,
    from: domain.sponsor,
    actsAt: by.now + PERIODS.transferMs,
    expiresAt: addYears(domain.expiresAt, asked.years),
    paidMinor,
  }
  const about = { kind: 'transfer', name: domain.name, transfer: domain.transfer } as const
  tell(world, domain.sponsor, 'Transfer requested.', about, by.now)
  return domain
}

/** Another registrar asks for a domain, and pays what it costs. */
export function askAway(world: World, name: string, by: By): void {
  const { authCode } = existing(world, name)
  requestTransfer(world, by, { name, authCode, years: 1, fee: { minor: Infinity, currency: CURRENCY } })
}

export function queryTransfer(world: World, by: By, name: string): { domain: Domain; transfer: Transfer } {
  const domain = existing(world, name)
  const { transfer } = domain
  if (!transfer) throw new Refused(2301, 'no transfer was asked for')
  if (transfer.by !== by.account && transfer.from !== by.account)
    throw new Refused(2201, 'the transfer is of others')
  return { domain, transfer }
}

type Answer = 'approve' | 'reject' | 'cancel'
export function answerTransfer(world: World, by: By, name: string, answer: Answer): Domain {
  const { domain, transfer } = queryTransfer(world, by, name)
  if (transfer.status !== 'pending') throw new Refused(2301, 'no transfer is pending')
  if (by.account !== (answer === 'cancel' ? transfer.by : transfer.from))
    throw new Refused(2201, 'this is for the other side to do')
  const words = { approve: 'clientApproved', reject: 'clientRejected', cancel: 'clientCancelled' } as const
  endTransfer(world, domain, words[answer], by.now)
  return domain
}

export function endTransfer(
  world: World,
  domain: Domain,
  status: Exclude<Transfer['status'], 'pending'>,
  now: number,
): void {
  const transfer = domain.transfer
  if (!transfer) return
  transfer.status = status
  transfer.actsAt = now
  const isDone = status === 'clientApproved' || status === 'serverApproved'
  if (isDone) {
    domain.sponsor = transfer.by
    domain.expiresAt = transfer.expiresAt
    domain.authCode = newCode()
    domain.statuses = []
    domain.refundable = [
      { period: 'transferPeriod', until: now + PERIODS.transferMs, minor: transfer.paidMinor },
    ]
  } else accountOf(world, transfer.by).balanceMinor += transfer.paidMinor
  const about = { kind: 'transfer', name: domain.name, transfer } as const
  const text = isDone ? 'Transfer completed.' : 'Transfer ended.'
  tell(world, transfer.by, text, about, now)
  tell(world, transfer.from, text, about, now)
}
