import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** Kinds of things that belong to one tenant, with their tables. */
const TABLES = {
  tenant: 'tenants',
  customer: 'customers',
  subscription: 'subscriptions',
  invoice: 'invoices',
  cloudPod: 'cloud_pods',
  job: 'provisioning_jobs',
  role: 'roles',
  invitation: 'invitations',
  ssoProvider: 'sso_providers',
  customerContact: 'customer_contacts',
  customerNote: 'customer_notes',
  customerGroup: 'customer_groups',
  customerField: 'customer_fields',
  customerImport: 'customer_imports',
  tenantExport: 'tenant_exports',
  apiKey: 'api_keys',
  serviceAccount: 'service_accounts',
  auditSink: 'audit_sinks',
  auditWebhook: 'audit_webhooks',
  auditWebhookDelivery: 'audit_webhook_deliveries',
  securityGroup: 'security_groups',
  blueprint: 'cloud_pod_blueprints',
  addon: 'addons',
  coupon: 'coupons',
  dunningPolicy: 'dunning_policies',
  billingProvider: 'billing_providers',
  billingFinding: 'billing_findings',
  paymentMethod: 'payment_methods',
  paymentAttempt: 'payment_attempts',
  payment: 'payments',
  taxRule: 'tax_rules',
  taxEvidence: 'tax_evidence',
  domain: 'domains',
  dnsZone: 'dns_zones',
  dnsTemplate: 'dns_templates',
  sslCertificate: 'ssl_certificates',
} as const

export type TenantThing = keyof typeof TABLES

/** The tenant of a thing, as far as the transaction's scope sees it; null for a platform's own; undefined when not seen. */
export async function tenantOf(tx: Tx, kind: TenantThing, id: string): Promise<string | null | undefined> {
  const column = kind === 'tenant' ? 'id' : 'tenant_id'
  const { rows } = await sql<{
    tenant: string | null
  }>`select ${sql.ref(column)} as tenant from ${sql.table(TABLES[kind])}
    where id = ${id}`.execute(tx)
  return rows[0]?.tenant
}

/** By which column one gets from a thing to what it is a part of. */
const PART_OF: Partial<Record<TenantThing, readonly (readonly [TenantThing, column: string])[]>> = {
  customerContact: [['customer', 'customer_id']],
  customerNote: [['customer', 'customer_id']],
  subscription: [['customer', 'customer_id']],
  invoice: [
    ['subscription', 'subscription_id'],
    ['customer', 'customer_id'],
  ],
  cloudPod: [
    ['subscription', 'subscription_id'],
    ['customer', 'customer_id'],
  ],
  paymentMethod: [['customer', 'customer_id']],
  taxEvidence: [['customer', 'customer_id']],
  paymentAttempt: [
    ['invoice', 'invoice_id'],
    ['customer', 'customer_id'],
  ],
  payment: [['customer', 'customer_id']],
  domain: [['customer', 'customer_id']],
  dnsZone: [['domain', 'domain_id']],
}

export type Thing = { type: string; id: string }

/** What a thing is directly a part of; a job of what it is about. Nothing for a thing that is not seen. */
export async function wholesOf(tx: Tx, { type, id }: Thing): Promise<Thing[]> {
  if (type === 'job') {
    const { rows } = await sql<Thing>`select subject_type as type, subject_id as id from provisioning_jobs
      where id = ${id} and subject_id is not null`.execute(tx)
    return rows
  }
  if (!isKind(type)) return []
  const found: Thing[] = []
  for (const [whole, column] of PART_OF[type] ?? []) {
    const { rows } = await sql<{
      id: string | null
    }>`select ${sql.ref(column)} as id from ${sql.table(TABLES[type])}
      where id = ${id}`.execute(tx)
    for (const row of rows) if (row.id !== null) found.push({ type: whole, id: row.id })
  }
  return found
}

const isKind = (type: string): type is TenantThing => type in TABLES

/** The state of a tenant, which nobody changes until the transaction ends. */
export async function shareState(tx: Tx, tenantId: string): Promise<string | undefined> {
  const { rows } = await sql<{
    state: string
  }>`select state from tenants where id = ${tenantId} for share`.execute(tx)
  return rows[0]?.state
}

export async function stateOf(tx: Tx, tenantId: string): Promise<string | undefined> {
  const row = await tx.selectFrom('tenants').select('state').where('id', '=', tenantId).executeTakeFirst()
  return row?.state
}

/** Whether the data of a tenant that is being closed are going. */
export async function isErasing(tx: Tx, tenantId: string): Promise<boolean> {
  const { rows } =
    await sql`select from tenant_closures where tenant_id = ${tenantId} and state = 'erasing'`.execute(tx)
  return rows.length > 0
}

/** Narrows a running transaction to fewer tenants. */
export async function narrow(tx: Tx, scope: 'platform' | readonly string[]): Promise<void> {
  const list = scope === 'platform' ? '' : `{${scope.join(',')}}`
  await sql`select set_config('app.scope', ${scope === 'platform' ? 'platform' : ''}, true), set_config('app.tenants', ${list}, true)`.execute(
    tx,
  )
}
