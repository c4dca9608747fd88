import { drop, existing } from './domains.ts'
import { endTransfer } from './transfers.ts'
import { accountOf, PERIODS, Refused, tell, type World } from './world.ts'

/** What time does by itself. */
export function pass(world: World, now: number): void {
  for (const domain of world.domains) {
    if (domain.transfer?.status === 'pending' && domain.transfer.actsAt <= now)
      endTransfer(world, domain, 'serverApproved', now)
    const graceEnds = domain.expiresAt + PERIODS.graceMs
    if (domain.deletedAt === null && graceEnds <= now) domain.deletedAt = graceEnds
    if (
      domain.deletedAt !== null &&
      domain.restoreAskedAt === null &&
      domain.deletedAt + PERIODS.redemptionMs + PERIODS.pendingDeleteMs <= now
    )
      drop(world, domain)
  }
}

/** What the registry decides about a name that waits. */
export function decide(world: World, name: string, granted: boolean, now: number): void {
  const domain = existing(world, name)
  if (!domain.pendingCreate) throw new Refused(2304, 'nothing is to be decided')
  const about = { kind: 'action', name, granted, ...domain.pendingCreate, at: now } as const
  tell(world, domain.sponsor, granted ? 'Registration granted.' : 'Registration refused.', about, now)
  domain.pendingCreate = null
  if (granted) return
  accountOf(world, domain.sponsor).balanceMinor += domain.refundable[0]?.minor ?? 0
  drop(world, domain)
}
