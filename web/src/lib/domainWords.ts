import type { DelegationState, DnssecState } from '../../../shared/states/domainDnssec.ts'
import type { DriftPolicy } from '../../../shared/states/domainZone.ts'
import type { Domain } from '../api/domains.ts'
import type { Tone } from '../ui/Badge.tsx'

/** What a list says of a domain in one word. */
export const stateOf = ({ registration, verifiedAt }: Domain) =>
  registration === 'external' && verifiedAt === null ? 'unproven' : registration

export const DRIFT_WORDS: Record<DriftPolicy, string> = {
  alert: 'Show it, and wait',
  enforce: 'Change it back',
  adopt: 'Take it over',
}

/** Why a revision of a zone was made. */
export const CAUSES: Record<string, string> = {
  begun: 'Zone begun',
  edit: 'Edited',
  import: 'Zone file imported',
  template: 'Template used',
  rollback: 'Gone back',
  adopted: 'Taken over from the server',
  challenge: 'Challenge for a certificate',
  removed: 'Taken away by mPanel',
  expired: 'Challenge expired',
  nameServers: 'New name servers',
  pod: 'A CloudPod has changed',
  system: 'Kept by mPanel',
}

type Words<K extends string> = Record<K, readonly [tone: Tone, words: string]>

/** What the world sees of a zone. */
export const DELEGATION_WORDS: Words<DelegationState> = {
  unknown: ['neutral', 'Not known'],
  delegated: ['success', 'Delegated to us'],
  not_delegated: ['warning', 'Not delegated'],
  elsewhere: ['warning', 'Delegated elsewhere'],
  faulty: ['danger', 'Faulty'],
}

/** How far the signing of a zone is, and what happens meanwhile. */
export const DNSSEC_WORDS: Words<DnssecState> = {
  off: ['neutral', 'Off'],
  signing: ['info', 'Being signed'],
  ds_pending: ['warning', 'Waits for its DS'],
  secure: ['success', 'Secure'],
  removing_ds: ['warning', 'Waits until the DS is gone'],
  ds_expiring: ['info', 'Waits until nobody remembers the DS'],
  unsigning: ['info', 'Being unsigned'],
}
