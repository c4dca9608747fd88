/** Tables that hold rows of tenants and are not exported, with the reason. */
export const NOT_EXPORTED: Record<string, string> = {
  cloud_pod_blueprint_images: 'where templates lie in the infrastructure',
  cloud_pod_consoles: 'tickets and consoles that are open; the audit log has what was done',
  cloud_pod_migrations: 'which nodes of the infrastructure pods were moved between',
  cloud_pod_reservations: 'the capacity that pods hold of the infrastructure',
  customer_import_chunks: 'files on their way in',
  customer_import_rows: 'files on their way in',
  sso_states: 'log-ins that are going on',
  tenant_export_chunks: 'the exports themselves',
  tenant_figures: 'how many there are of what is exported',
  vmid_reservations: 'numbers of the infrastructure',
}

/** Columns that hold secrets or what is derived from them. */
export const SECRET_COLUMNS: Record<string, readonly string[]> = {
  acme_challenges: ['token'],
  acme_orders: ['key_sealed'],
  api_keys: ['token_hash'],
  audit_sinks: ['secret'],
  audit_webhooks: ['secret', 'former_secret'],
  billing_events: ['raw'],
  billing_providers: ['key_sealed', 'webhook_secret_sealed'],
  domain_operations: ['secret_sealed'],
  mails: ['body'],
  // Whoever has the address of the page may pay there.
  payment_attempts: ['url'],
  ssl_certificate_versions: ['key_sealed'],
  ssl_targets: ['secret_sealed'],
  sso_providers: ['client_secret'],
}

/** Columns that speak of the infrastructure, which the API does not tell to tenants either. */
export const INFRASTRUCTURE_COLUMNS: Record<string, readonly string[]> = {
  cloud_pod_backups: ['node_id', 'problem', 'shared', 'storage', 'vmid', 'volid'],
  cloud_pod_rebuilds: ['node_id', 'problem', 'vmid'],
  cloud_pod_snapshots: ['problem'],
  cloud_pod_templates: ['cluster_id', 'node_id', 'nodes', 'problem', 'vmid'],
  cloud_pods: ['cluster_id', 'node_id', 'vmid', 'problem', 'firewall_problem'],
  provisioning_job_logs: ['line'],
  provisioning_job_steps: ['saved', 'output', 'error'],
  provisioning_jobs: ['node_id', 'lane', 'payload', 'error', 'waiting_for', 'lease_owner', 'archive'],
  tenant_suspended_pods: ['ha_state'],
}

/** Columns that look like a secret and are none. */
export const NO_SECRETS: Record<string, readonly string[]> = {
  billing_pdfs: ['content', 'sha256'],
  tenant_exports: ['sha256'],
  tenant_logos: ['sha256', 'data'],
}

/** Sealed values, hashes of tokens, passwords and bare bytes. */
export const LOOKS_SECRET = /secret|sealed|token|password|hash|private|sha256/

/** Whether a column stays out. What looks like a secret does so until somebody has looked at it. */
export function leftOutOf(table: string, column: string): boolean {
  const named = (list: Record<string, readonly string[]>): boolean => list[table]?.includes(column) ?? false
  if (named(SECRET_COLUMNS) || named(INFRASTRUCTURE_COLUMNS)) return true
  return LOOKS_SECRET.test(column) && !named(NO_SECRETS)
}
