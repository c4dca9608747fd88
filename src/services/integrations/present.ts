import type { IntegrationPod, IntegrationPodDetail } from '../../../shared/api/integrationPods.ts'
import { BYTES_OF_GB } from '../../../shared/states/cloudPodTraffic.ts'
import { integrationPodState, sourceName } from '../../../shared/states/integrationPod.ts'
import { told, type Ctx } from '../../context.ts'
import type { IntegrationPodView } from '../../db/integrationPods.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import type { JobRow } from '../../db/queue.ts'

const stateOf = (row: IntegrationPodView): IntegrationPod['state'] =>
  integrationPodState(
    row.pod_state,
    row.held_since && {
      ended: row.held_ended_at !== null,
      stopped: row.held_stopped_at !== null,
      restored: row.held_restored_at !== null,
    },
  )

const STATEMENTS: Record<IntegrationPod['state'], (row: IntegrationPodView, by: string) => string> = {
  creating: () => 'It is being made.',
  active: (row) =>
    row.action === 'resizing'
      ? 'It is getting its new size.'
      : row.power_state === 'stopped'
        ? 'It is there, and switched off.'
        : 'It is there.',
  suspending: (_, by) => `${by} has suspended it: it is being stopped.`,
  suspended: (_, by) => `${by} has suspended it, and it was proven to be off.`,
  unsuspending: () => 'Its suspension has ended: it is being brought back.',
  terminating: () => 'It is being deleted.',
  terminated: ({ recoverable_until: until }) =>
    until === null ? 'It is deleted.' : `It is deleted, and kept until ${until.toISOString()}.`,
  failed: () => 'It could not be made, and nothing of it is left. Ask for it again to try once more.',
}

const FAILED = 'Your provider sees the details.'

function statement(ctx: Ctx, row: IntegrationPodView, state: IntegrationPod['state']): string {
  const said = STATEMENTS[state](row, sourceName(row.source))
  const problem = state === 'failed' || state === 'active' ? told(ctx, row.problem, FAILED) : null
  return problem === null ? said : `${said} ${problem}`
}

export function present(ctx: Ctx, row: IntegrationPodView): IntegrationPod {
  const state = stateOf(row)
  const isHeld = row.held_since !== null && row.held_ended_at === null
  return {
    id: row.id,
    tenantId: row.tenant_id,
    externalKey: row.external_key,
    source: row.source,
    serviceId: row.service_id,
    state,
    statement: statement(ctx, row, state),
    podId: row.pod_id,
    customerId: row.customer_id,
    customerEmail: row.customer_email,
    hostname: row.hostname,
    addresses: row.addresses,
    powerState: row.power_state,
    action: row.action,
    plan: { id: row.pod_plan_id, name: row.plan_name },
    blueprint: { id: row.blueprint_id, name: row.blueprint_name },
    cores: row.pod_cores,
    memoryMb: row.pod_memory_mb,
    diskGb: row.pod_disk_gb,
    pendingRestart: row.pending_restart,
    suspension:
      isHeld && row.held_since
        ? { since: row.held_since.toISOString(), reason: row.held_reason ?? '' }
        : null,
    usage: {
      month: row.traffic_month,
      bytesIn: Number(row.bytes_in ?? 0n),
      bytesOut: Number(row.bytes_out ?? 0n),
      includedBytes: row.traffic_gb === null ? null : row.traffic_gb * BYTES_OF_GB,
      diskGb: row.pod_disk_gb,
    },
    staffUrl: `${ctx.settings.publicUrl}/t/${row.tenant_slug}/cloudpods/${row.pod_id}`,
    version: row.version,
    createdAt: row.created_at.toISOString(),
  }
}

/** What became of a job; one that is not known any more has ended long ago. */
export function outcomeOf(job: Pick<JobRow, 'state'> | undefined): 'underway' | 'done' | 'failed' {
  if (job === undefined || job.state === 'succeeded') return 'done'
  return job.state === 'failed' || job.state === 'cancelled' ? 'failed' : 'underway'
}

export async function presentDetail(ctx: Ctx, row: IntegrationPodView): Promise<IntegrationPodDetail> {
  const job = row.job_id === null ? undefined : await jobs.find(ctx.tx, row.job_id)
  const error = job?.error as { message: string } | null | undefined
  return {
    ...present(ctx, row),
    asked: {
      planId: row.plan_id,
      cores: row.cores,
      memoryMb: row.memory_mb,
      diskGb: row.disk_gb,
      outcome: outcomeOf(job),
      problem: told(ctx, error?.message ?? null, FAILED),
      jobId: row.job_id,
    },
  }
}
