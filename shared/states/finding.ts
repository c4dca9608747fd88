import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/**
 * Where a cluster and mPanel disagree about a guest. `gone`: the pod has no guest any more; `unmarked`: its guest lost the
 * mark by which we know it; `orphan`: a guest with our mark that no pod owns; `foreign`: a guest in our range of VMIDs
 * that mPanel did not make; `suspended_running`: it was powered on although its tenant is suspended. `address_…`: where a NetBox
 * and mPanel disagree about an address: it has one of ours that is not known here (`leaked`), it has not what is held here
 * (`lost`), it says something else of it (`changed`), or somebody else has it there (`contested`).
 */
export const FINDING_KINDS = [
  'moved',
  'stopped',
  'suspended_running',
  'resized',
  'network',
  'renamed',
  'unmarked',
  'gone',
  'orphan',
  'foreign',
  'address_leaked',
  'address_lost',
  'address_changed',
  'address_contested',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]
/** `ignored`: it stays as it is and is reported again when it changes. */
export const FINDING_STATES = ['open', 'repairing', 'ignored', 'closed'] as const
export type FindingState = (typeof FINDING_STATES)[number]
/** `vanished`: the difference went away without us. */
export const FINDING_OUTCOMES = ['repaired', 'adopted', 'vanished'] as const
export const DECISIONS = ['repair', 'adopt', 'ignore'] as const
export type Decision = (typeof DECISIONS)[number]

type Subject = {
  kind: FindingKind
  state: FindingState
  /** False: there is no pod, or (orphan) none that is known here. */
  hasPod: boolean
  subscriptionId: string | null
}

/** What each decision does, or why it cannot be made. */
const REPAIRS: Record<FindingKind, { does: string } | { cannot: string }> = {
  moved: { cannot: t`mPanel does not move guests back: adopt its new place, or move it by hand.` },
  stopped: { does: t`The guest is started again.` },
  suspended_running: { does: t`It is stopped again.` },
  resized: { does: t`Cores, memory and disk are set to what the pod has here.` },
  network: { does: t`The network card and address are set to what the pod has here.` },
  renamed: { does: t`The guest gets the name and tag of its pod again.` },
  unmarked: { does: t`The mark is written into the guest’s description again.` },
  gone: { does: t`The pod is made again from its blueprint: empty, with the same address.` },
  orphan: { does: t`The guest is destroyed with its disks.` },
  foreign: { cannot: t`mPanel does not touch a guest that it did not make.` },
  address_leaked: { does: t`The address is deleted in NetBox.` },
  address_lost: { does: t`The address is made in NetBox again.` },
  address_changed: { does: t`NetBox is told again what mPanel says of the address.` },
  address_contested: { does: t`What stands in NetBox becomes the address of mPanel, with its mark.` },
}
const ADOPTIONS: Record<FindingKind, { does: string } | { cannot: string }> = {
  moved: { does: t`The pod counts on its new node from now on.` },
  stopped: { does: t`The pod is shown as stopped.` },
  suspended_running: { cannot: t`The tenant is suspended: restore it to let its pods run.` },
  resized: { does: t`The pod has this size from now on, also towards quota and node.` },
  network: { cannot: t`Addresses are given out here: a card that was changed by hand cannot be taken over.` },
  renamed: { cannot: t`A pod keeps its host name.` },
  unmarked: { cannot: t`Without the mark nothing is ever done to the guest: write it again.` },
  gone: { does: t`The pod counts as deleted; address and VMID rest.` },
  orphan: { cannot: t`Its pod has ended. Destroy the guest, or ignore it.` },
  foreign: {
    cannot: t`It belongs to nobody here: make it a pod from the page of its cluster, under “Guests of nobody”.`,
  },
  address_leaked: { cannot: t`No pod holds it: let it be deleted, or take the mark away in NetBox.` },
  address_lost: { cannot: t`A pod has the address: it is given back when the pod lets it go.` },
  address_changed: { cannot: t`What an address is for is decided here.` },
  address_contested: { cannot: t`A pod has the address: it is given back when the pod lets it go.` },
}

const verdictOf = (deed: { does: string } | { cannot: string }): Verdict =>
  'does' in deed ? allowed : refused(deed.cannot)

/** What a decision about a finding would do; the reason why not where it cannot be made. */
export const effectOf = (kind: FindingKind, decision: Decision): string => {
  if (decision === 'ignore') return t`It stays as it is; you are told when it changes.`
  const deed = (decision === 'repair' ? REPAIRS : ADOPTIONS)[kind]
  return 'does' in deed ? deed.does : deed.cannot
}

/** Which decision a finding allows now, and if not, why. */
export function canDecide(finding: Subject, decision: Decision): Verdict {
  if (finding.state === 'closed') return refused(t`It is over.`)
  if (finding.state === 'repairing') return refused(t`It is being repaired: wait for the job.`)
  if (decision === 'ignore') return finding.state === 'ignored' ? refused(t`It is ignored already.`) : allowed
  if (decision === 'repair' && finding.kind === 'orphan' && !finding.hasPod)
    return refused(t`No pod of this name was ever known here: look whose the guest is.`)
  if (decision === 'adopt' && finding.kind === 'gone' && finding.subscriptionId !== null)
    return refused(t`The pod belongs to a subscription: make it again, or cancel the subscription.`)
  return verdictOf((decision === 'repair' ? REPAIRS : ADOPTIONS)[finding.kind])
}
