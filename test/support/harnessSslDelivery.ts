import { sql } from 'kysely'
import type { SslTargetMade } from '../../shared/api/sslTargets.ts'
import { newId } from '../../src/lib/ids.ts'
import * as sslService from '../../src/services/sslService.ts'
import { domainIn } from '../rules/casesDomains.ts'
import { good } from '../rules/pods.ts'
import type { TestApp } from './app.ts'
import { ownPod, type PodParts } from './harnessPods.ts'
import { toRest, type Arranged, type JobCase } from './harnessRun.ts'
import { guestsOf, podRow, rowsOf } from './harnessWorld.ts'

const CERTIFICATES = '/api/admin/ssl/certificates'

/** A certificate that the private CA has signed. */
async function certificateOf(
  app: TestApp,
  tenantId: string,
  handlerOf: PodParts['handlerOf'],
): Promise<string> {
  const { id: issuerId } = await app.as((ctx) => sslService.privateIssuer(ctx))
  const { name } = await domainIn(app, tenantId, `d${newId().slice(-12)}.example.com`)
  const asked = { tenantId, names: [name], issuerId }
  const { certificate, job } = await good(
    app.admin.post<{ certificate: { id: string }; job: { id: string } }>(CERTIFICATES, asked),
  )
  await toRest(app, job.id, handlerOf('ssl.sign'))
  return certificate.id
}

/** Where it was delivered to, without what differs from one to the next. */
const targetRow = (app: TestApp, id: string) =>
  rowsOf(
    app,
    sql`select state, failures, problem_code, version_id is not null as has_version, delivered_at is not null as delivered
      from ssl_targets where id = ${id}`,
  )

const FAILED = {
  state: 'failed',
  failures: 1,
  problem_code: 'injected',
  has_version: false,
  delivered: false,
}

/** The addresses that were sent something. A repeated delivery does no harm, so only whether one came counts. */
const reached = new Set<string>()

async function arrangeWebhook(app: TestApp, { handlerOf }: PodParts): Promise<Arranged> {
  app.root.vendors.webhook = async ({ url }) => void reached.add(url)
  const tenantId = await app.tenant()
  const id = await certificateOf(app, tenantId, handlerOf)
  const address = `https://edge.example.com/${newId()}`
  const body = { kind: 'webhook', name: 'Edge', address, withKey: true }
  const target = await good(app.admin.post<SslTargetMade>(`${CERTIFICATES}/${id}/deployments`, body))
  const holdings = () => targetRow(app, target.id)
  return {
    jobId: target.jobId ?? '',
    world: async () => ({ reached: reached.has(address), target: await holdings() }),
    holdings,
    afterPermanent: [FAILED],
  }
}

async function arrangeInstall(app: TestApp, { handlerOf, activePod }: PodParts): Promise<Arranged> {
  const { tenantId, podId } = await ownPod(app, 'ssl.install', (own) => activePod(app, own, 'vm'))
  app.sim.control.changeGuest((await podRow(app, podId)).vmid, { config: { agent: '1' } })
  const id = await certificateOf(app, tenantId, handlerOf)
  const body = {
    kind: 'guest',
    podId,
    chainPath: '/etc/ssl/site.pem',
    keyPath: '/etc/ssl/site.key',
    reload: 'systemctl reload nginx',
  }
  const target = await good(app.admin.post<SslTargetMade>(`${CERTIFICATES}/${id}/deployments`, body))
  const holdings = () => targetRow(app, target.id)
  const files = () =>
    guestsOf(app, podId).flatMap(({ inside }) =>
      Object.entries(inside?.files ?? {})
        .filter(([path]) => !path.endsWith('.mpanel-old'))
        .map(([path, { content, mode }]) => ({ path, mode, has: content !== '' }))
        .toSorted((a, b) => a.path.localeCompare(b.path)),
    )
  return {
    jobId: target.jobId ?? '',
    world: async () => ({ files: files(), target: await holdings() }),
    holdings,
    afterPermanent: [FAILED],
  }
}

export const sslDeliveryCases = (parts: PodParts): JobCase[] => [
  {
    name: 'ssl.deliver',
    handler: parts.handlerOf('ssl.deliver'),
    permanent: 'failed',
    arrange: (app) => arrangeWebhook(app, parts),
  },
  {
    name: 'ssl.install',
    handler: parts.handlerOf('ssl.install'),
    permanent: 'failed',
    arrange: (app) => arrangeInstall(app, parts),
  },
]
