import { asSystem, type Root } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow, VersionRow } from '../../db/sslCertificates.ts'
import * as deployments from '../../db/sslDeployments.ts'
import type { DeploymentRow } from '../../db/sslDeployments.ts'
import type { ServedChain } from '../../integrations/tls/types.ts'
import { newId } from '../../lib/ids.ts'
import { inLanes } from '../../lib/lanes.ts'
import type { Outcome } from '../../lib/outcome.ts'
import { faultOf } from '../../lib/outcome.ts'
import { covers, isWildcard } from '../../lib/x509/names.ts'
import { certificatesIn, factsOf } from '../../lib/x509/read.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
export const EVERY_MS = 6 * HOUR_MS
/** That a new version is not served yet is a finding only after so long. */
export const GRACE_MS = 15 * 60_000
const AT_ONCE = 100
const SIDE_BY_SIDE = 8
/** Of a certificate with many names these are looked at: most are served by the same host. */
const MAX_NAMES = 10
const SOON_MS = 14 * DAY_MS

export type Seen = Pick<
  DeploymentRow,
  'served_fingerprint' | 'served_issuer' | 'served_not_after' | 'finding' | 'message'
>

/** Looks at what is served for the names of certificates, the longest unseen first. */
export async function watchDue(root: Root, port = 443): Promise<void> {
  const now = root.now()
  const taken = await asSystem(root, 'ssl.watch', 'platform', (ctx) =>
    certificates.takeForCheck(ctx.tx, new Date(now.getTime() - EVERY_MS), now, AT_ONCE),
  )
  await inLanes(taken, SIDE_BY_SIDE, (row) => watchOne(root, row, port))
}

async function watchOne(root: Root, row: CertificateRow, port: number): Promise<void> {
  const versions = await asSystem(root, 'ssl.watch', [row.tenant_id], (ctx) =>
    certificates.versionsOf(ctx.tx, row.tenant_id, row.id),
  )
  const current = versions.find(({ state }) => state === 'current')
  const until = new Date((current?.created_at.getTime() ?? 0) + GRACE_MS)
  for (const name of row.names.filter((one) => !isWildcard(one)).slice(0, MAX_NAMES)) {
    const answer = await root.vendors.tls({ host: name, port, name })
    const seen = judge(name, answer, versions, root.now())
    const isOnItsWay = seen.finding === 'not_served' && until > root.now()
    await asSystem(root, 'ssl.watch', [row.tenant_id], async (ctx) => {
      if (isOnItsWay)
        await certificates.update(ctx.tx, row.id, { checked_at: new Date(until.getTime() - EVERY_MS) })
      await deployments.put(ctx.tx, {
        id: newId(),
        tenant_id: row.tenant_id,
        certificate_id: row.id,
        name,
        host: name,
        port,
        checked_at: root.now(),
        ...seen,
        ...(isOnItsWay ? GOOD : {}),
      })
    })
  }
}

const day = (date: Date): string => date.toISOString().slice(0, 10)
const GOOD = { finding: null, message: null } as const

/** What is wrong with what is served, in a sentence that says what to do. */
export function judge(
  name: string,
  answer: Outcome<ServedChain>,
  versions: readonly VersionRow[],
  now: Date,
): Seen {
  if (answer.outcome !== 'ok')
    return {
      served_fingerprint: null,
      served_issuer: null,
      served_not_after: null,
      finding: 'unreachable',
      message: `Nothing answers for ${name} with TLS: ${faultOf(answer)}.`.replace('..', '.'),
    }
  const chain = certificatesIn(answer.value.chain.join('\n'))
  const [leaf] = chain
  if (!leaf) throw new Error('a chain has a certificate')
  const facts = factsOf(leaf)
  const served = {
    served_fingerprint: facts.fingerprint,
    served_issuer: facts.issuerName,
    served_not_after: facts.notAfter,
  }
  const current = versions.find(({ state }) => state === 'current')
  if (facts.notAfter <= now)
    return {
      ...served,
      finding: 'expired',
      message: `${name} serves a certificate that ended on ${day(facts.notAfter)}: install the current one.`,
    }
  if (facts.fingerprint === current?.fingerprint) {
    const wanted = certificatesIn(current.chain_pem).length
    if (chain.length >= wanted) return { ...served, ...GOOD }
    return {
      ...served,
      finding: 'chain_incomplete',
      message: `${name} serves the certificate without the rest of its chain: install the whole chain.`,
    }
  }
  if (!covers(facts.names, name))
    return {
      ...served,
      finding: 'name_mismatch',
      message: `${name} serves a certificate for ${facts.names.slice(0, 3).join(', ') || 'no name'}: install the one that was issued.`,
    }
  if (versions.some(({ fingerprint }) => fingerprint === facts.fingerprint))
    return {
      ...served,
      finding: 'not_served',
      message: `${name} still serves an earlier version: install the current one.`,
    }
  if (facts.notAfter.getTime() - now.getTime() < SOON_MS)
    return {
      ...served,
      finding: 'foreign_expiring',
      message: `${name} serves a certificate of ${facts.issuerName} that ends on ${day(facts.notAfter)}: install the one that was issued.`,
    }
  return {
    ...served,
    finding: 'not_served',
    message: `${name} serves a certificate of ${facts.issuerName} instead of the one that was issued here.`,
  }
}
