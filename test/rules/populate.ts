import { newId } from '../../src/lib/ids.ts'
import * as dashboardService from '../../src/services/dashboardService.ts'
import { pay } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { roleKey } from '../users/people.ts'
import {
  blueprintIn,
  contactIn,
  customerIn,
  fieldIn,
  groupIn,
  noteIn,
  ordered,
  planIn,
  podIn,
} from './cases.ts'
import { holdIn, sinkIn, webhookDeliveryIn } from './casesAudit.ts'
import { paymentsIn } from './casesPayments.ts'
import { taxedIn } from './casesTaxes.ts'
import { policyIn } from './casesContracts.ts'
import { plannedIn } from './casesPlans.ts'
import { addonIn, couponIn } from './casesCoupons.ts'
import { consoleTicketIn } from './casesConsole.ts'
import { importIn } from './casesCustomers.ts'
import { serviceKeyIn } from './casesKeys.ts'
import { invitationIn } from './casesMail.ts'
import { ssoProviderIn } from './casesPasskeys.ts'
import { backupIn, scheduleIn } from './casesBackups.ts'
import { migrationIn } from './casesMigrations.ts'
import { rebuiltIn } from './casesRebuilds.ts'
import { firewallIn } from './casesFirewall.ts'
import { connectionIn } from './casesConnections.ts'
import { soldIn } from './casesIntegrations.ts'
import { certificateIn } from './casesSsl.ts'
import { trafficIn } from './casesMetrics.ts'
import { findingsIn } from './casesFindings.ts'
import { recordsIn } from './casesRecords.ts'
import { registrationIn } from './casesRegistrations.ts'
import { snapshotIn } from './casesSnapshots.ts'
import { templateIn } from './casesTemplates.ts'
import type { Owner } from './rows.ts'

export type Things = Record<
  'customer' | 'subscription' | 'invoice' | 'pod' | 'job' | 'planId' | 'blueprint',
  string
>

/** A row of every kind in a tenant. */
export async function populate(app: TestApp, owner: Owner, tenantId: string): Promise<Things> {
  const plan = await planIn(app, tenantId)
  const blueprint = await blueprintIn(app, tenantId)
  const { subscription, invoice } = await ordered(app, tenantId)
  const paid = await ordered(app, tenantId)
  await pay(app.admin, paid.invoice)
  const { id } = paid.subscription
  await app.admin.post(`/api/admin/billing/subscriptions/${id}/cancel`, { when: 'now' })
  const pod = await podIn(app, tenantId)
  await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'branding.name': 'Own' })
  await roleKey(app, 'TENANT_USER', tenantId)
  await connectionIn(app, tenantId)
  await invitationIn(app, tenantId)
  const suspension = [newId(), tenantId]
  await owner.query(
    `insert into tenant_suspensions (id, tenant_id, reason, started_by, started_at, ended_at)
     values ($1, $2, 'unpaid', '{}', now(), now())`,
    suspension,
  )
  await owner.query(
    'insert into tenant_suspended_pods (suspension_id, tenant_id, pod_id) values ($1, $2, $3)',
    [...suspension, pod.cloudPod.id],
  )
  await ending(owner, tenantId)
  await serviceKeyIn(app, tenantId)
  await ssoProviderIn(app, tenantId)
  const role = [newId(), tenantId, 'CUSTOM', 'Custom', new Date()]
  await owner.query(
    'insert into roles (id, tenant_id, key, name, created_at) values ($1, $2, $3, $4, $5)',
    role,
  )
  await owner.query(
    `insert into provisioning_job_steps (queue, job_id, name, position, title, tenant_id, state, started_at)
     values ('cloud_pod', $1, 'clone', 1, 'Clone', $2, 'running', now())`,
    [pod.job.id, tenantId],
  )
  await owner.query(
    `insert into provisioning_job_logs (queue, job_id, tenant_id, at, level, line)
     values ('cloud_pod', $1, $2, now(), 'info', 'cloning')`,
    [pod.job.id, tenantId],
  )
  const customer = (await customerIn(app, tenantId)).id
  await groupIn(app, tenantId)
  await contactIn(app, tenantId)
  await noteIn(app, tenantId)
  await fieldIn(app, tenantId)
  await policyIn(app, tenantId)
  await taxedIn(app, tenantId)
  await plannedIn(app, tenantId)
  await couponIn(app, tenantId)
  await addonIn(app, tenantId)
  await paymentsIn(app, tenantId)
  await recordsIn(app, tenantId)
  await findingsIn(app, tenantId)
  await importIn(app, tenantId)
  await holdIn(app, tenantId)
  await sinkIn(app, tenantId)
  await webhookDeliveryIn(app, tenantId)
  await snapshotIn(app, tenantId)
  await migrationIn(app, tenantId)
  await rebuiltIn(app, tenantId)
  await templateIn(app, tenantId)
  await firewallIn(app, tenantId)
  await trafficIn(app, tenantId)
  await soldIn(app, tenantId)
  await consoleTicketIn(app, tenantId)
  await backupIn(app, tenantId)
  await scheduleIn(app, tenantId)
  await certificateIn(app, tenantId)
  await registrationIn(app, owner, tenantId)
  await app.admin.get(`/api/admin/billing/invoices/${invoice.id}/pdf`)
  await dashboardService.fold(app.root)
  const names = { customer, blueprint, planId: plan.id, pod: pod.cloudPod.id, job: pod.job.id }
  return { ...names, subscription: subscription.id, invoice: invoice.id }
}

/** A logo, an export and a closing of the tenant. */
async function ending(owner: Owner, tenantId: string): Promise<void> {
  await owner.query(
    `insert into tenant_logos (tenant_id, type, width, height, sha256, data, updated_at)
     values ($1, 'image/png', 1, 1, repeat('a', 64), 'x', now())`,
    [tenantId],
  )
  const file = [newId(), tenantId]
  await owner.query(
    `insert into tenant_exports (id, tenant_id, state, requested_by, created_at, finished_at)
     values ($1, $2, 'failed', '{}', now(), now())`,
    file,
  )
  await owner.query(
    `insert into tenant_export_chunks (export_id, tenant_id, number, data) values ($1, $2, 0, 'x')`,
    file,
  )
  await owner.query(
    `insert into tenant_closures (id, tenant_id, state, reason, was, started_by, started_at, due_at, ended_at)
     values ($1, $2, 'cancelled', 'x', 'active', '{}', now(), now(), now())`,
    [newId(), tenantId],
  )
}
