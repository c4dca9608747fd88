import type { DelegationState, DnssecState } from '../../../shared/states/domainDnssec.ts'
import type { DriftPolicy } from '../../../shared/states/domainZone.ts'
import { t } from '../../../shared/text.ts'
import type { Domain } from '../api/domains.ts'
import type { Tone } from '../ui/Badge.tsx'

/** What a list says of a domain in one word. */
export const stateOf = ({ registration, verifiedAt }: Domain) =>
  registration === 'external' && verifiedAt === null ? 'unproven' : registration

export const DRIFT_WORDS: Record<DriftPolicy, string> = {
  alert: t`Show it, and wait`,
  enforce: t`Change it back`,
  adopt: t`Take it over`,
}

/** Why a revision of a zone was made. */
export const CAUSES: Record<string, string> = {
  begun: t`Zone begun`,
  edit: t`Edited`,
  import: t`Zone file imported`,
  template: t`Template used`,
  rollback: t`Gone back`,
  adopted: t`Taken over from the server`,
  challenge: t`Challenge for a certificate`,
  removed: t`Taken away by mPanel`,
  expired: t`Challenge expired`,
  nameServers: t`New name servers`,
  pod: t`A CloudPod has changed`,
  system: t`Kept by mPanel`,
}

type Words<K extends string> = Record<K, readonly [tone: Tone, words: string]>

/** What the world sees of a zone. */
export const DELEGATION_WORDS: Words<DelegationState> = {
  unknown: ['neutral', t`Not known`],
  delegated: ['success', t`Delegated to us`],
  not_delegated: ['warning', t`Not delegated`],
  elsewhere: ['warning', t`Delegated elsewhere`],
  faulty: ['danger', t`Faulty`],
}

/** How far the signing of a zone is, and what happens meanwhile. */
export const DNSSEC_WORDS: Words<DnssecState> = {
  off: ['neutral', t`Off`],
  signing: ['info', t`Being signed`],
  ds_pending: ['warning', t`Waits for its DS`],
  secure: ['success', t`Secure`],
  removing_ds: ['warning', t`Waits until the DS is gone`],
  ds_expiring: ['info', t`Waits until nobody remembers the DS`],
  unsigning: ['info', t`Being unsigned`],
}
