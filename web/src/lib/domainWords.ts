import type { DriftPolicy } from '../../../shared/states/domainZone.ts'
import type { Domain } from '../api/domains.ts'

/** What a list says of a domain in one word. */
export const stateOf = ({ registration, verifiedAt }: Domain) =>
  registration === 'ended' ? 'ended' : verifiedAt === null ? 'unproven' : registration

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
