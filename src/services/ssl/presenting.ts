import type { SslCertificate, SslDeployment, SslVersion } from '../../../shared/api/ssl.ts'
import type { SslTarget } from '../../../shared/api/sslTargets.ts'
import type { CertificateRow, VersionRow } from '../../db/sslCertificates.ts'
import type { DeploymentRow } from '../../db/sslDeployments.ts'
import type { TargetRow } from '../../db/sslTargets.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

export const presentCertificate = (row: CertificateRow): SslCertificate => ({
  id: row.id,
  tenantId: row.tenant_id,
  names: row.names,
  source: row.source,
  issuerId: row.issuer_id,
  challenge: row.challenge,
  state: row.state,
  action: row.action,
  problem:
    row.problem === null || row.problem_code === null || row.failure_class === null
      ? null
      : { code: row.problem_code, message: row.problem, class: row.failure_class },
  failures: row.failures,
  notAfter: iso(row.not_after),
  dueAt: iso(row.due_at),
  window:
    row.ari_start === null || row.ari_end === null
      ? null
      : { start: row.ari_start.toISOString(), end: row.ari_end.toISOString(), url: row.ari_url },
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export const presentVersion = (row: VersionRow): SslVersion => ({
  id: row.id,
  state: row.state,
  issuerName: row.issuer_name,
  serial: row.serial,
  fingerprint: row.fingerprint,
  keyType: row.key_type,
  notBefore: row.not_before.toISOString(),
  notAfter: row.not_after.toISOString(),
  revokedAt: iso(row.revoked_at),
  revokeReason: row.revoke_reason,
  createdAt: row.created_at.toISOString(),
})

export const presentDeployment = (row: DeploymentRow): SslDeployment => ({
  id: row.id,
  tenantId: row.tenant_id,
  certificateId: row.certificate_id,
  name: row.name,
  host: row.host,
  port: row.port,
  checkedAt: row.checked_at.toISOString(),
  servedIssuer: row.served_issuer,
  servedNotAfter: iso(row.served_not_after),
  finding: row.finding,
  message: row.message,
  targetId: row.target_id,
})

export const presentTarget = (row: TargetRow): SslTarget => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  podId: row.pod_id,
  address: row.address,
  withKey: row.with_key,
  chainPath: row.chain_path,
  keyPath: row.key_path,
  reload: row.reload,
  host: row.host,
  port: row.port,
  state: row.state,
  versionId: row.version_id,
  wantedAt: row.wanted_at.toISOString(),
  deliveredAt: iso(row.delivered_at),
  servedAt: iso(row.served_at),
  problem:
    row.problem === null || row.problem_code === null
      ? null
      : { code: row.problem_code, message: row.problem },
  jobId: row.job_id,
  createdAt: row.created_at.toISOString(),
})
