import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as connections from '../../db/domainConnections.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow, VersionRow } from '../../db/sslCertificates.ts'
import * as deployments from '../../db/sslDeployments.ts'
import * as targets from '../../db/sslTargets.ts'
import type { TargetRow } from '../../db/sslTargets.ts'
import { newId } from '../../lib/ids.ts'
import { inLanes } from '../../lib/lanes.ts'
import { isWildcard } from '../../lib/x509/names.ts'
import { deliver } from './delivering.ts'
import { lock, say, versionInForce } from './knowing.ts'
import { EVERY_MS, GRACE_MS, judge, type Seen } from './watching.ts'

/** A handshake proves what a target serves: until it does, what is there counts as only delivered. */

const AT_ONCE = 100
const SIDE_BY_SIDE = 8
const SOONEST_MS = 10_000
const LATEST_MS = 30 * 60_000

/** Looks at targets, those whose turn it has been for the longest first. */
export async function proveDue(root: Root): Promise<void> {
  const now = root.now()
  const taken = await asSystem(root, 'ssl.prove', 'platform', (ctx) =>
    targets.takeForCheck(ctx.tx, now, new Date(now.getTime() + LATEST_MS), AT_ONCE),
  )
  await inLanes(taken, SIDE_BY_SIDE, (target) => proveOne(root, target))
}

type Look = { host: string; name: string; versions: VersionRow[] }

async function proveOne(root: Root, target: TargetRow): Promise<void> {
  const look = await asSystem(root, 'ssl.prove', [target.tenant_id], (ctx) => placeOf(ctx, target))
  if (look === null) return
  const answer = await root.vendors.tls({ host: look.host, port: target.port, name: look.name })
  const seen = judge(look.name, answer, look.versions, root.now())
  await asSystem(root, 'ssl.prove', [target.tenant_id], (ctx) => note(ctx, target, look, seen))
}

/** Where the handshake is made, and which name is asked for; null for what is no longer in force. */
async function placeOf(ctx: Ctx, target: TargetRow): Promise<Look | null> {
  const row = await certificates.find(ctx.tx, target.certificate_id)
  if (!row || row.state !== 'issued') return null
  const plain = row.names.find((one) => !isWildcard(one))
  const name = plain ?? (row.names[0] ?? '').replace('*', 'www')
  const [address] = target.pod_id === null ? [] : await connections.addressesOf(ctx.tx, target.pod_id)
  const versions = await certificates.versionsOf(ctx.tx, row.tenant_id, row.id)
  return { host: target.host ?? address ?? name, name, versions }
}

/** Writes down what was seen. Nothing else may have begun meanwhile: then it is looked at once more. */
async function note(ctx: Ctx, before: TargetRow, { host, name }: Look, seen: Seen): Promise<void> {
  const row = await lock(ctx, { tenantId: before.tenant_id, certificateId: before.certificate_id })
  const target = await targets.lock(ctx.tx, before.tenant_id, before.id)
  const version = await versionInForce(ctx, row)
  if (!target || !version || target.state !== before.state || row.state !== 'issued') return
  const now = ctx.now()
  const ageMs = now.getTime() - target.wanted_at.getTime()
  const isServed = seen.finding === null && seen.served_fingerprint === version.fingerprint
  // What is on its way is no finding yet.
  const told = isServed || ageMs > GRACE_MS ? seen : { ...seen, finding: null, message: null }
  await deployments.put(ctx.tx, {
    id: newId(),
    tenant_id: row.tenant_id,
    certificate_id: row.id,
    target_id: target.id,
    name,
    host,
    port: target.port,
    checked_at: now,
    ...told,
    message: told.message === null ? null : `${target.name}: ${told.message}${whyNot(target)}`,
  })
  if (isServed) return served(ctx, row, target, version)
  if (target.state === 'failed' && target.kind !== 'agent') return void (await deliver(ctx, row, target))
  const pause = Math.min(Math.max(SOONEST_MS, ageMs / 4), LATEST_MS)
  await targets.update(ctx.tx, target.id, {
    ...(target.state === 'served' ? { state: 'delivered' } : {}),
    check_at: new Date(now.getTime() + pause),
  })
}

function whyNot({ state, kind, problem }: TargetRow): string {
  if (problem !== null) return ` The last delivery failed: ${problem}`
  if (state !== 'waiting') return ''
  return kind === 'agent' ? ' No agent has fetched and installed it.' : ' It is being delivered.'
}

async function served(ctx: Ctx, row: CertificateRow, target: TargetRow, version: VersionRow): Promise<void> {
  const now = ctx.now()
  const isNew = target.state !== 'served' || target.version_id !== version.id
  await targets.update(ctx.tx, target.id, {
    state: 'served',
    version_id: version.id,
    check_at: new Date(now.getTime() + EVERY_MS),
    failures: 0,
    problem_code: null,
    problem: null,
    ...(isNew ? { served_at: now, delivered_at: target.delivered_at ?? now } : {}),
  })
  if (isNew) await say(ctx, row, 'SSL_DEPLOYED', { target: target.name, fingerprint: version.fingerprint })
}
