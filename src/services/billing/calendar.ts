import type { SubscriptionState } from '../../../shared/states/billingSubscription.ts'
import { localDate } from '../../lib/period.ts'
import { amountOf, changed, resumed, storageOf, type Contract, type Terms } from './contractPeriods.ts'
import { dueDate, later, nextStep, type Step, type StepName } from './schedule.ts'

type Issuing = 'bill' | 'activate' | 'storage'
/** Whether a step issues an invoice. */
export const issues = (what: StepName): what is Issuing =>
  what === 'bill' || what === 'activate' || what === 'storage'

const NOT_TOLD = { notifiedAt: null, finalWarnedAt: null }

/** What a step changes in a contract, the hypervisor having obeyed. */
const EFFECTS: Record<Exclude<StepName, Issuing>, (of: Contract, at: Date) => Partial<Contract>> = {
  trialNotice: (_, at) => ({ notifiedAt: at }),
  trialOver: () => ({ state: 'terminating' }),
  advance: ({ periodNo }) => ({ periodNo: periodNo + 1, movedDays: 0 }),
  change: (of) => changed(of),
  resume: (of, at) => ({
    ...resumed(of, localDate(at, of.timeZone)),
    ...(of.storage && { storage: { ...of.storage, billed: 0 } }),
    state: 'active',
  }),
  release: () => ({ holdUntil: null, ...NOT_TOLD }),
  overdue: (_, at) => ({ state: 'grace', notifiedAt: at, finalWarnedAt: null }),
  remind: (_, at) => ({ notifiedAt: at }),
  suspend: () => ({ state: 'suspended', finalWarnedAt: null }),
  warn: (_, at) => ({ finalWarnedAt: at }),
  settle: () => ({ state: 'active', ...NOT_TOLD }),
  end: () => ({ state: 'terminating' }),
  terminate: () => ({ state: 'terminating' }),
}

function counted(of: Contract, what: Issuing): Partial<Contract> {
  if (what === 'storage' && of.storage) return { storage: { ...of.storage, billed: of.storage.billed + 1 } }
  return {
    periodsBilled: of.periodsBilled + 1,
    ...(of.state === 'trialing' && { state: 'active', trial: null, ...NOT_TOLD }),
  }
}

/** What the invoice of a step comes to. */
export const billedBy = (of: Contract, what: StepName): bigint =>
  what === 'storage' ? storageOf(of) : amountOf(of, of.periodsBilled)

function billed(of: Contract, terms: Terms, { what, at }: Step<Issuing>, paid: boolean): Partial<Contract> {
  const after = counted(of, what)
  if (terms.isRecordedElsewhere === true) return after
  const amount = billedBy(of, what)
  const used = of.creditMinor < amount ? of.creditMinor : amount
  const isOpen = used < amount && !paid
  return {
    ...after,
    creditMinor: of.creditMinor - used,
    due: isOpen ? [...of.due, dueDate(of, terms, at)].toSorted() : of.due,
  }
}

const OBEYED: Partial<Record<SubscriptionState, SubscriptionState>> = {
  suspending: 'suspended',
  unsuspending: 'active',
  pausing: 'paused',
}

export type Planned = Step & { before: Contract }

/**
 * What happens to a contract from `now` on, if nobody does anything.
 * @param paid whether every invoice, also what is open now, is paid in time
 */
export function calendar(
  of: Contract,
  terms: Terms,
  { now, until, paid, limit }: { now: Date; until: Date; paid: boolean; limit: number },
): Planned[] {
  const planned: Planned[] = []
  let at = now
  let contract: Contract = { ...of, state: OBEYED[of.state] ?? of.state, due: paid ? [] : of.due }
  while (planned.length < limit) {
    const next = nextStep(contract, terms, at)
    if (next === null) break
    // What should have happened before happens now.
    at = later(next.at, at)
    if (at > until) break
    planned.push({ what: next.what, at, before: contract })
    contract = {
      ...contract,
      ...(issues(next.what)
        ? billed(contract, terms, { what: next.what, at }, paid)
        : EFFECTS[next.what](contract, at)),
    }
  }
  return planned
}
