import type { ReverseState } from '../../../shared/states/reverseName.ts'
import type { CloudPod } from '../api/cloudPods.ts'
import type { CloudPodBackup } from '../api/cloudPodBackups.ts'
import type { CloudPodSnapshot } from '../api/cloudPodSnapshots.ts'
import type { SetupStep } from '../api/dashboardSetup.ts'
import type { Domain } from '../api/domains.ts'
import type { Zone } from '../api/dnsZones.ts'
import type { DomainOperation } from '../api/domainRegistrations.ts'
import type { Finding } from '../api/findings.ts'
import type { CustomerImport } from '../api/customerImports.ts'
import type { Invoice, Subscription } from '../api/billing.ts'
import type { Blueprint, Cluster, IpAddress, Job, JobDetail, Node } from '../api/provisioning.ts'
import type { Timer, Worker } from '../api/provisioningControls.ts'
import type { ClosureView, TenantExport } from '../api/tenantEnd.ts'
import type { Dispute } from '../api/disputes.ts'
import type { PaidPart, PaymentAttempt } from '../api/payments.ts'
import type { Mail } from '../api/mails.ts'
import type { Tenant } from '../api/tenants.ts'
import type { User } from '../api/users.ts'
import type { SslTarget } from '../api/ssl.ts'
import type { sslStateOf } from '../lib/sslWords.ts'
import { humanize } from '../lib/words.ts'
import { Badge, type Tone } from '../ui/Badge.tsx'

type Look = readonly [tone: Tone, busy?: boolean]

const LOOKS = {
  pod: {
    reserved: ['neutral'],
    creating: ['info', true],
    active: ['success'],
    failed: ['danger'],
    recoverable: ['warning'],
    deleting: ['info', true],
    deleted: ['neutral'],
  } satisfies Record<CloudPod['state'], Look>,
  power: {
    unknown: ['warning'],
    running: ['success'],
    stopped: ['neutral'],
  } satisfies Record<CloudPod['powerState'], Look>,
  snapshot: {
    creating: ['info', true],
    ready: ['success'],
    deleting: ['info', true],
    failed: ['danger'],
    deleted: ['neutral'],
  } satisfies Record<CloudPodSnapshot['state'], Look>,
  backup: {
    creating: ['info', true],
    ready: ['success'],
    deleting: ['info', true],
    failed: ['danger'],
    deleted: ['neutral'],
  } satisfies Record<CloudPodBackup['state'], Look>,
  template: {
    making: ['info', true],
    ready: ['success'],
    removing: ['info', true],
    gone: ['neutral'],
  } satisfies Record<NonNullable<Blueprint['template']>['state'], Look>,
  domain: {
    unproven: ['warning'],
    external: ['success'],
    ended: ['neutral'],
    awaiting_payment: ['warning'],
    registering: ['info', true],
    pending_registry: ['info', true],
    transferring_in: ['info', true],
    active: ['success'],
    suspended: ['danger'],
    expired_grace: ['danger'],
    redemption: ['danger'],
    pending_restore: ['info', true],
    pending_delete: ['danger'],
    transfer_out_pending: ['warning'],
    transferred_out: ['neutral'],
    released: ['neutral'],
    registration_failed: ['danger'],
    transfer_failed: ['danger'],
    cancelled: ['neutral'],
  } satisfies Record<Domain['registration'] | 'unproven', Look>,
  zone: {
    pending: ['info', true],
    applied: ['success'],
    held: ['warning'],
    rejected: ['danger'],
    drift: ['warning'],
    ending: ['info', true],
    ended: ['neutral'],
  } satisfies Record<Zone['state'], Look>,
  sslTarget: {
    waiting: ['info'],
    delivered: ['warning'],
    served: ['success'],
    failed: ['danger'],
  } satisfies Record<SslTarget['state'], Look>,
  ssl: {
    pending: ['neutral'],
    issuing: ['info', true],
    issued: ['success'],
    expiring: ['warning'],
    expired: ['danger'],
    blocked: ['warning'],
    failing: ['danger'],
    revoking: ['info', true],
    revoked: ['neutral'],
    removed: ['neutral'],
  } satisfies Record<ReturnType<typeof sslStateOf>, Look>,
  domainOperation: {
    awaiting_payment: ['warning'],
    queued: ['info', true],
    running: ['info', true],
    pending_registry: ['info', true],
    unknown: ['warning', true],
    succeeded: ['success'],
    rejected: ['danger'],
    cancelled: ['neutral'],
  } satisfies Record<DomainOperation['state'], Look>,
  subscription: {
    awaiting_payment: ['warning'],
    provisioning: ['info', true],
    trialing: ['info'],
    active: ['success'],
    grace: ['warning'],
    suspending: ['warning', true],
    suspended: ['danger'],
    unsuspending: ['info', true],
    pausing: ['info', true],
    paused: ['neutral'],
    terminating: ['info', true],
    terminated: ['neutral'],
    expired: ['neutral'],
  } satisfies Record<Subscription['state'], Look>,
  invoice: {
    draft: ['neutral'],
    open: ['warning'],
    paid: ['success'],
    uncollectible: ['danger'],
    void: ['neutral'],
  } satisfies Record<Invoice['status'], Look>,
  attempt: {
    queued: ['info', true],
    sent: ['info', true],
    processing: ['info', true],
    needs_action: ['warning'],
    succeeded: ['success'],
    declined: ['danger'],
    expired: ['neutral'],
    cancelled: ['neutral'],
    failed: ['danger'],
  } satisfies Record<PaymentAttempt['state'], Look>,
  dispute: {
    inquiry: ['warning'],
    open: ['danger'],
    won: ['success'],
    lost: ['neutral'],
  } satisfies Record<Dispute['state'], Look>,
  refund: {
    queued: ['info', true],
    sent: ['info', true],
    pending: ['info', true],
    succeeded: ['success'],
    failed: ['danger'],
  } satisfies Record<PaidPart['refunds'][number]['state'], Look>,
  address: {
    reserved: ['info'],
    assigned: ['success'],
    releasing: ['warning', true],
    quarantined: ['warning'],
    kept: ['neutral'],
    elsewhere: ['neutral'],
  } satisfies Record<IpAddress['state'], Look>,
  reverseName: {
    unseen: ['neutral'],
    unknown: ['neutral'],
    confirmed: ['success'],
    not_served: ['warning'],
    no_address: ['warning'],
    elsewhere: ['warning'],
  } satisfies Record<ReverseState, Look>,
  finding: {
    open: ['warning'],
    repairing: ['info', true],
    ignored: ['neutral'],
    closed: ['success'],
  } satisfies Record<Finding['state'], Look>,
  job: {
    scheduled: ['neutral'],
    blocked: ['neutral'],
    ready: ['info'],
    running: ['info', true],
    succeeded: ['success'],
    failed: ['danger'],
    cancelled: ['neutral'],
    stuck: ['danger'],
  } satisfies Record<Job['state'], Look>,
  step: {
    waiting: ['neutral'],
    running: ['info', true],
    done: ['success'],
    skipped: ['warning'],
    failed: ['danger'],
    undoing: ['warning', true],
    undone: ['warning'],
    undo_failed: ['danger'],
  } satisfies Record<JobDetail['steps'][number]['state'], Look>,
  setup: {
    missing: ['neutral'],
    simulated: ['warning'],
    unproven: ['info'],
    failing: ['danger'],
    connected: ['success'],
  } satisfies Record<SetupStep['state'], Look>,
  worker: {
    running: ['success'],
    draining: ['warning', true],
    silent: ['danger'],
  } satisfies Record<Worker['state'], Look>,
  timer: {
    ok: ['success'],
    running: ['info', true],
    failing: ['danger'],
    overdue: ['danger'],
    stopped: ['warning'],
  } satisfies Record<Timer['state'], Look>,
  cluster: {
    unknown: ['warning'],
    ok: ['success'],
    failing: ['danger'],
  } satisfies Record<Cluster['health'], Look>,
  node: {
    online: ['success'],
    offline: ['danger'],
    unknown: ['warning'],
  } satisfies Record<Node['status'], Look>,
  tenant: {
    active: ['success'],
    suspended: ['warning'],
    closing: ['warning'],
    closed: ['neutral'],
  } satisfies Record<Tenant['state'], Look>,
  export: {
    waiting: ['info', true],
    ready: ['success'],
    failed: ['danger'],
  } satisfies Record<TenantExport['state'], Look>,
  import: {
    uploading: ['info', true],
    checking: ['info', true],
    checked: ['warning'],
    importing: ['info', true],
    done: ['success'],
    failed: ['danger'],
  } satisfies Record<CustomerImport['state'], Look>,
  closure: {
    cooling: ['warning'],
    destroying: ['danger', true],
    erasing: ['danger', true],
    closed: ['neutral'],
    cancelled: ['neutral'],
  } satisfies Record<NonNullable<ClosureView['closure']>['state'], Look>,
  user: {
    active: ['success'],
    disabled: ['danger'],
  } satisfies Record<User['state'], Look>,
  mail: {
    queued: ['info', true],
    sent: ['success'],
    failed: ['danger'],
    kept: ['neutral'],
  } satisfies Record<Mail['state'], Look>,
  catalogue: {
    active: ['success'],
    retired: ['neutral'],
    paused: ['warning'],
    removed: ['neutral'],
    drained: ['warning'],
    closed: ['neutral'],
    merged: ['neutral'],
  } satisfies Record<string, Look>,
  outcome: {
    success: ['success'],
    denied: ['warning'],
    error: ['danger'],
  } satisfies Record<string, Look>,
}

type Looks = typeof LOOKS
export type StateKind = keyof Looks
export type StateOf<Kind extends StateKind> = keyof Looks[Kind] & string

export const toneOf = <Kind extends StateKind>(of: Kind, state: StateOf<Kind>): Tone =>
  (LOOKS[of] as Record<string, Look>)[state]?.[0] ?? 'neutral'

/** A state of a kind of thing, always in the same words and colour. */
export function StateBadge<Kind extends StateKind>({ of, state }: { of: Kind; state: StateOf<Kind> }) {
  const look: Look = (LOOKS[of] as Record<string, Look>)[state] ?? ['neutral']
  return (
    <Badge tone={look[0]} busy={look[1] ?? false}>
      {humanize(state)}
    </Badge>
  )
}

/** A pod's state together with its power, or with what is being attempted. */
export function PodBadges({ pod }: { pod: Pick<CloudPod, 'state' | 'powerState' | 'action'> }) {
  return (
    <span className="inline-flex flex-wrap gap-1.5 sm:flex-nowrap">
      <StateBadge of="pod" state={pod.state} />
      {pod.state === 'active' &&
        (pod.action === null ? (
          <StateBadge of="power" state={pod.powerState} />
        ) : (
          <Badge tone="info" busy>
            {humanize(pod.action)}
          </Badge>
        ))}
    </span>
  )
}
