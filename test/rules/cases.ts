import { sql } from 'kysely'
import type { TotpEnrolment } from '../../shared/api/authAccount.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { Plan } from '../../shared/api/billing.ts'
import { newId } from '../../src/lib/ids.ts'
import * as pods from '../../src/db/cloudPods.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { catalogue, pay, prepareOrder, type Api, type Ordered } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { PASSWORD, person, session } from '../users/people.ts'
import { codeOf, enrol } from '../users/factors.ts'
import { activePod, good, podIn } from './pods.ts'
import { PAYMENT_CASES } from './casesPayments.ts'
import { BILLING_FINDING_CASES } from './casesFindings.ts'
import { RECORD_CASES } from './casesRecords.ts'
import { TAX_CASES } from './casesTaxes.ts'
import { CONTRACT_CASES } from './casesContracts.ts'
import { PLAN_CASES } from './casesPlans.ts'
import { COUPON_CASES } from './casesCoupons.ts'
import { CONSOLE_CASES } from './casesConsole.ts'
import { BACKUP_CASES } from './casesBackups.ts'
import { ADDRESS_CASES } from './casesAddresses.ts'
import { FIREWALL_CASES } from './casesFirewall.ts'
import { MIGRATION_CASES } from './casesMigrations.ts'
import { REBUILD_CASES } from './casesRebuilds.ts'
import { ADOPTION_CASES } from './casesAdoption.ts'
import { SNAPSHOT_CASES } from './casesSnapshots.ts'
import { TEMPLATE_CASES } from './casesTemplates.ts'
import { METRIC_CASES } from './casesMetrics.ts'
import { TENANT_CASES } from './casesTenants.ts'
import { PROVISIONING_CASES } from './casesProvisioning.ts'
import { SOURCE_CASES } from './casesSources.ts'
import { CUSTOMER_CASES } from './casesCustomers.ts'
import { filterCases } from './casesFilters.ts'
import { passkeyCases } from './casesPasskeys.ts'
import { KEY_CASES } from './casesKeys.ts'
import { AUDIT_CASES } from './casesAudit.ts'
import { casesMail } from './casesMail.ts'
import { DASHBOARD_CASES } from './casesDashboard.ts'
import { SEARCH_CASES } from './casesSearch.ts'
import { DNS_CASES } from './casesDns.ts'
import { CONNECTION_CASES } from './casesConnections.ts'
import { DOMAIN_CASES } from './casesDomains.ts'
import { SSL_CASES } from './casesSsl.ts'
import { REGISTRATION_CASES } from './casesRegistrations.ts'
import { INTEGRATION_CASES } from './casesIntegrations.ts'

/** What a request needs, `caller` only where it is not anybody's: made anew for each call, so that it would succeed with the permission. */
export type Made = {
  id?: string
  snapshotId?: string
  backupId?: string
  certificateId?: string
  targetId?: string
  vmid?: string
  address?: string
  externalKey?: string
  body?: unknown
  query?: string
  caller?: Api
}
export { podIn } from './pods.ts'
export type Case = (app: TestApp, tenantId: string) => Promise<Made>

export const customerIn = (app: TestApp, tenantId: string): Promise<Customer> =>
  good(app.admin.post('/api/admin/customers', { tenantId, name: 'Ada', email: 'ada@example.com' }))

/** Something kept about a new customer. */
async function keptIn(app: TestApp, tenantId: string, what: string, body: object): Promise<{ id: string }> {
  const customer = await customerIn(app, tenantId)
  return good(app.admin.post(`/api/admin/customers/${customer.id}/${what}`, body))
}
export const contactIn = (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  keptIn(app, tenantId, 'contacts', { name: 'Bob', email: 'bob@example.com' })
export const noteIn = (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  keptIn(app, tenantId, 'notes', { text: 'Pays by cheque.' })
export const groupIn = (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  good(app.admin.post('/api/admin/customer-groups', { tenantId, name: newId() }))
const customerField = (tenantId: string) => ({
  tenantId,
  key: `f${newId().slice(-12)}`,
  label: 'A field',
  type: 'text',
})
export const fieldIn = (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  good(app.admin.post('/api/admin/customer-fields', customerField(tenantId)))

export async function ordered(app: TestApp, tenantId: string): Promise<Ordered> {
  const order = await prepareOrder(app.admin, tenantId)
  return good(app.admin.post<Ordered>('/api/admin/billing/subscriptions', order))
}

async function undelivered(app: TestApp, tenantId: string): Promise<Made> {
  const { subscription, invoice } = await ordered(app, tenantId)
  await good(pay(app.admin, invoice))
  await app.as(async (ctx) => {
    const pod = await pods.ofSubscription(ctx.tx, tenantId, subscription.id)
    if (!pod) throw new Error('the order has no pod')
    await BillingService.deliveryFailed(
      ctx,
      await cloudPodService.markFailed(ctx, tenantId, pod.id, 'x'),
      'x',
    )
  })
  return { id: subscription.id }
}

const plan = (tenantId: string | null) => ({
  tenantId,
  code: `plan-${newId().slice(-10)}`,
  name: 'Private',
  cores: 1,
  memoryMb: 1024,
  diskGb: 20,
  prices: [{ currency: 'EUR', interval: 'month', unitMinor: '100' }],
})
export const planIn = (app: TestApp, tenantId: string): Promise<Plan> =>
  good(app.admin.post('/api/admin/billing/plans', plan(tenantId)))

/** A blueprint that only one tenant may use. */
export async function blueprintIn(app: TestApp, tenantId: string): Promise<string> {
  const made = await good(
    app.admin.post<{ id: string }>('/api/admin/provisioning/blueprints', await blueprintBody(app)),
  )
  await app.as((ctx) =>
    sql`update cloud_pod_blueprints set tenant_id = ${tenantId} where id = ${made.id}`.execute(ctx.tx),
  )
  return made.id
}

async function blueprintBody(app: TestApp) {
  const nodeId = await app.as(async (ctx) => {
    const { rows } = await sql<{ id: string }>`select id from nodes order by name limit 1`.execute(ctx.tx)
    return rows[0]?.id
  })
  const code = `blueprint-${newId().slice(-10)}`
  return { code, name: code, kind: 'vm', images: [{ nodeId, ref: '9000' }] }
}

/** Somebody in a session of his own, with or without a second factor. */
const own = async (app: TestApp, mfa: boolean): Promise<Api> => {
  const { api } = await session(app, (await person(app, 'SUPPORT')).email)
  if (mfa) await enrol(app, api)
  return api
}

/** A role of a tenant's own. */
export async function roleIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const role = {
    tenantId,
    key: `role-${newId().slice(-10)}`,
    name: 'Reader',
    permissions: ['cloudpods:read'],
  }
  return good(app.admin.post('/api/admin/users/roles', role))
}

/** A new user with the role of a tenant's user. */
export const userIn = (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  person(app, 'TENANT_USER', tenantId)

const list: Case = async () => ({})
let pools = 0

/** One case for each row of the route table, by operationId. */
export const CASES: Record<string, Case> = {
  ...KEY_CASES,
  ...DASHBOARD_CASES,
  ...SEARCH_CASES,
  ...INTEGRATION_CASES,
  ...DOMAIN_CASES,
  ...CONNECTION_CASES,
  ...DNS_CASES,
  ...SSL_CASES,
  ...REGISTRATION_CASES,
  login: async () => ({ body: { email: 'admin@example.com', password: 'correct-horse-battery' } }),
  logout: list,
  getMe: list,
  verifyMfa: async () => ({ body: { code: '000000' } }),
  getMfa: list,
  changePassword: async (app) => ({
    caller: await own(app, false),
    body: { current: PASSWORD, password: `Gull-Orbit-${newId()}` },
  }),
  chooseLanguage: async (app) => ({ caller: await own(app, false), body: { language: 'de' } }),
  stepUp: async (app) => ({ caller: await own(app, false), body: { password: PASSWORD } }),
  listSessions: list,
  listLoginHistory: list,
  endOtherSessions: async (app) => ({ caller: await own(app, false) }),
  endSession: async (app) => {
    const caller = await own(app, false)
    const { items } = await good(caller.get<{ items: { id: string }[] }>('/api/auth/sessions'))
    return { caller, id: items[0]?.id }
  },
  enrolTotp: async (app) => ({ caller: await own(app, false) }),
  confirmTotp: async (app) => {
    const caller = await own(app, false)
    const { body } = await caller.post<TotpEnrolment>('/api/auth/mfa/totp', {})
    return { caller, body: { code: codeOf(app, body.secret) } }
  },
  disableTotp: async (app) => ({ caller: await own(app, true) }),
  regenerateRecoveryCodes: async (app) => ({ caller: await own(app, true) }),
  healthz: list,
  readyz: list,
  metrics: list,
  listTenants: list,
  createTenant: async () => ({ body: { name: 'New', slug: `new-${newId().slice(-12)}` } }),
  getTenant: async (_, tenantId) => ({ id: tenantId }),
  updateTenant: async (_, tenantId) => ({ id: tenantId, body: { name: `Renamed ${newId()}` } }),
  getPlatformSettings: list,
  updatePlatformSettings: async () => ({ body: { 'billing.paymentTermDays': 21 } }),
  getTenantSettings: async (_, tenantId) => ({ id: tenantId }),
  updateTenantSettings: async (_, tenantId) => ({
    id: tenantId,
    body: { 'branding.name': `Brand ${newId().slice(-8)}` },
  }),
  getTenantSuspension: async (_, tenantId) => ({ id: tenantId }),
  // A tenant of its own: the callers of the other cases would be refused in a suspended one.
  suspendTenant: async (app) => ({ id: await app.tenant(), body: { reason: 'unpaid' } }),
  restoreTenant: async (app) => {
    const id = await app.tenant()
    await good(app.admin.post(`/api/admin/tenants/${id}/suspend`, { reason: 'unpaid' }))
    return { id, body: {} }
  },
  ...TENANT_CASES,
  getTenantQuota: async (_, tenantId) => ({ id: tenantId }),
  updateTenantQuota: async (_, tenantId) => ({ id: tenantId, body: { maxCores: 20_000 } }),
  listRoles: list,
  createRole: async (_, tenantId) => ({
    body: { tenantId, key: `role-${newId().slice(-10)}`, name: 'Reader', permissions: ['cloudpods:read'] },
  }),
  getRole: async (app, tenantId) => ({ id: (await roleIn(app, tenantId)).id }),
  updateRole: async (app, tenantId) => ({ id: (await roleIn(app, tenantId)).id, body: { name: 'Looker' } }),
  deleteRole: async (app, tenantId) => ({ id: (await roleIn(app, tenantId)).id }),
  listUsers: list,
  createUser: async (app, tenantId) => ({
    body: {
      email: `new-${newId().slice(-12)}@example.com`,
      name: 'New',
      password: 'correct-horse-battery',
      roleId: (await roleIn(app, tenantId)).id,
      tenantId,
    },
  }),
  getUser: async (app, tenantId) => ({ id: (await userIn(app, tenantId)).id }),
  updateUser: async (app, tenantId) => ({
    id: (await userIn(app, tenantId)).id,
    body: { state: 'disabled' },
  }),
  grantRole: async (app, tenantId) => ({
    id: (await userIn(app, tenantId)).id,
    body: { tenantId, roleId: (await roleIn(app, tenantId)).id },
  }),
  takeRole: async (app, tenantId) => {
    const { id } = await userIn(app, tenantId)
    const { body } = await app.admin.get<{ grants: { roleId: string }[] }>(`/api/admin/users/${id}`)
    return { id, body: { tenantId, roleId: body.grants[0]?.roleId } }
  },
  listUserSessions: async (app, tenantId) => ({ id: (await userIn(app, tenantId)).id }),
  endUserSessions: async (app, tenantId) => ({ id: (await userIn(app, tenantId)).id, body: {} }),
  explainPermission: async (app, tenantId) => ({
    id: (await userIn(app, tenantId)).id,
    query: `?permission=cloudpods:read&tenantId=${tenantId}`,
  }),
  listCustomers: list,
  createCustomer: async (_, tenantId) => ({ body: { tenantId, name: 'Ada', email: 'ada@example.com' } }),
  getCustomer: async (app, tenantId) => ({ id: (await customerIn(app, tenantId)).id }),
  updateCustomer: async (app, tenantId) => ({
    id: (await customerIn(app, tenantId)).id,
    body: { name: 'Grace' },
  }),
  getCustomerStatistics: async (app, tenantId) => ({ id: (await customerIn(app, tenantId)).id }),
  getCustomerContacts: async (app, tenantId) => ({ id: (await customerIn(app, tenantId)).id }),
  addCustomerContact: async (app, tenantId) => ({
    id: (await customerIn(app, tenantId)).id,
    body: { name: 'Bob', email: 'bob@example.com' },
  }),
  updateCustomerContact: async (app, tenantId) => ({
    id: (await contactIn(app, tenantId)).id,
    body: { name: newId() },
  }),
  removeCustomerContact: async (app, tenantId) => ({ id: (await contactIn(app, tenantId)).id }),
  getCustomerNotes: async (app, tenantId) => ({ id: (await customerIn(app, tenantId)).id }),
  addCustomerNote: async (app, tenantId) => ({
    id: (await customerIn(app, tenantId)).id,
    body: { text: 'Pays by cheque.' },
  }),
  updateCustomerNote: async (app, tenantId) => ({
    id: (await noteIn(app, tenantId)).id,
    body: { pinned: true },
  }),
  removeCustomerNote: async (app, tenantId) => ({ id: (await noteIn(app, tenantId)).id }),
  listCustomerGroups: list,
  createCustomerGroup: async (_, tenantId) => ({ body: { tenantId, name: newId() } }),
  updateCustomerGroup: async (app, tenantId) => ({
    id: (await groupIn(app, tenantId)).id,
    body: { name: newId() },
  }),
  deleteCustomerGroup: async (app, tenantId) => ({ id: (await groupIn(app, tenantId)).id }),
  listCustomerFields: list,
  createCustomerField: async (_, tenantId) => ({ body: customerField(tenantId) }),
  updateCustomerField: async (app, tenantId) => ({
    id: (await fieldIn(app, tenantId)).id,
    body: { label: newId() },
  }),
  deleteCustomerField: async (app, tenantId) => ({ id: (await fieldIn(app, tenantId)).id }),
  listPlans: list,
  createPlan: async (_, tenantId) => ({ body: plan(tenantId) }),
  listSubscriptions: list,
  createSubscription: async (app, tenantId) => ({ body: await prepareOrder(app.admin, tenantId) }),
  getSubscription: async (app, tenantId) => ({ id: (await ordered(app, tenantId)).subscription.id }),
  cancelSubscription: async (app, tenantId) => ({
    id: (await ordered(app, tenantId)).subscription.id,
    body: { when: 'now' },
  }),
  retryDelivery: undelivered,
  listInvoices: list,
  getInvoice: async (app, tenantId) => ({ id: (await ordered(app, tenantId)).invoice.id }),
  recordPayment: async (app, tenantId) => {
    const { invoice } = await ordered(app, tenantId)
    return { id: invoice.id, body: { amountMinor: '1', currency: 'EUR', reference: newId() } }
  },
  getRegions: async () => ({}),
  listCloudPods: list,
  createCloudPod: async (app, tenantId) => {
    const { plan: small, blueprint: debian } = await catalogue(app.admin)
    const hostname = `pod-${newId().slice(-10)}`
    return { body: { tenantId, planId: small.id, blueprintId: debian.id, hostname } }
  },
  getCloudPod: async (app, tenantId) => ({ id: (await podIn(app, tenantId)).cloudPod.id }),
  deleteCloudPod: (app, tenantId) => activePod(app, tenantId, false),
  updateCloudPod: async (app, tenantId) => ({
    ...(await activePod(app, tenantId, false)),
    body: { notes: 'x' },
  }),
  startCloudPod: (app, tenantId) => activePod(app, tenantId, true),
  stopCloudPod: (app, tenantId) => activePod(app, tenantId, false),
  shutdownCloudPod: (app, tenantId) => activePod(app, tenantId, false),
  rebootCloudPod: (app, tenantId) => activePod(app, tenantId, false),
  previewCloudPodResize: async (app, tenantId) => ({
    ...(await activePod(app, tenantId, false)),
    query: '?cores=2',
  }),
  resizeCloudPod: async (app, tenantId) => {
    const made = await activePod(app, tenantId, false)
    await app.as((ctx) =>
      sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where subject_id = ${made.id}`.execute(
        ctx.tx,
      ),
    )
    return { ...made, body: { cores: 2 } }
  },
  ...CONTRACT_CASES,
  ...TAX_CASES,
  ...PLAN_CASES,
  ...COUPON_CASES,
  ...PAYMENT_CASES,
  ...RECORD_CASES,
  ...BILLING_FINDING_CASES,
  ...ADOPTION_CASES,
  ...SNAPSHOT_CASES,
  ...ADDRESS_CASES,
  ...FIREWALL_CASES,
  ...MIGRATION_CASES,
  ...REBUILD_CASES,
  ...TEMPLATE_CASES,
  ...METRIC_CASES,
  ...CONSOLE_CASES,
  ...BACKUP_CASES,
  listJobs: list,
  getJob: async (app, tenantId) => ({ id: (await podIn(app, tenantId)).job.id }),
  streamJobs: list,
  listClusters: list,
  createCluster: async () => ({
    body: {
      name: `cluster ${newId()}`,
      apiUrl: 'https://127.0.0.1:9',
      tokenId: 'mpanel@pve!panel',
      tokenSecret: newId(),
    },
  }),
  listNodes: list,
  configureNode: async (app) => {
    const { items } = await good(
      app.admin.get<{ items: { name: string }[] }>('/api/admin/provisioning/nodes'),
    )
    return { body: { clusterId: app.clusterId, name: items[0]?.name, cpuOvercommit: 8 } }
  },
  listIpPools: list,
  createIpPool: async (app) => {
    const network = `10.77.${++pools}`
    const range = { gateway: `${network}.1`, rangeStart: `${network}.10`, rangeEnd: `${network}.20` }
    return { body: { clusterId: app.clusterId, name: network, network: `${network}.0/24`, ...range } }
  },
  listBlueprints: list,
  createBlueprint: async (app) => ({ body: await blueprintBody(app) }),
  getBlueprint: async (app, tenantId) => ({ id: await blueprintIn(app, tenantId) }),
  updateBlueprint: async (app, tenantId) => ({ id: await blueprintIn(app, tenantId), body: { maxCores: 2 } }),
  removeBlueprint: async (app, tenantId) => ({ id: await blueprintIn(app, tenantId) }),
  ...CUSTOMER_CASES,
  ...filterCases,
  ...passkeyCases,
  ...AUDIT_CASES,
  ...PROVISIONING_CASES,
  ...SOURCE_CASES,
  ...casesMail,
}

/** The address of a row with its id filled in. */
export const addressOf = (path: string, made: Made): string =>
  path
    .replace('{id}', made.id ?? newId())
    .replace('{snapshotId}', made.snapshotId ?? newId())
    .replace('{backupId}', made.backupId ?? newId())
    .replace('{certificateId}', made.certificateId ?? newId())
    .replace('{targetId}', made.targetId ?? newId())
    .replace('{externalKey}', made.externalKey ?? newId())
    .replace('{address}', made.address ?? '192.0.2.9')
    .replace('{vmid}', made.vmid ?? '100')
    .replace('{token}', 'a-token') + (made.query ?? '')
