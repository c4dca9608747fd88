import { sql } from 'kysely'
import { newId } from '../../src/lib/ids.ts'
import { createAcme } from '../../src/integrations/acme/client.ts'
import { networks } from '../../src/lib/outgoing.ts'
import * as sslService from '../../src/services/sslService.ts'
import { domainIn } from '../rules/casesDomains.ts'
import { good } from '../rules/pods.ts'
import { startAcmeProxy, type AcmeProxy } from './acmeProxy.ts'
import type { TestApp } from './app.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'
import { startPebble, type Pebble } from './pebble.ts'

type HandlerOf = (kind: string) => AnyHandler
type Accepted = { certificate: { id: string }; job: { id: string } }
type Ca = { pebble: Pebble; proxy: AcmeProxy; issuerId: string; privateId: string }

const CERTIFICATES = '/api/admin/ssl/certificates'
const ISSUERS = '/api/admin/ssl/issuers'
const cas = new WeakMap<TestApp, Promise<Ca>>()

/** One Pebble an app, which believes what it is told: what proofs need is tried in test/ssl. */
function caOf(app: TestApp): Promise<Ca> {
  const started = cas.get(app) ?? startCa(app)
  cas.set(app, started)
  return started
}

async function startCa(app: TestApp): Promise<Ca> {
  const pebble = await startPebble({ dns: '127.0.0.1:1', believes: true, nonceReject: 0 })
  const proxy = await startAcmeProxy(pebble)
  const closeApp = app.close.bind(app)
  app.close = async () => {
    await closeApp()
    await proxy.close()
    await pebble.close()
  }
  app.root.vendors.caa = async () => ({ ok: true, at: null, records: [] })
  const shape = { name: 'Pebble', directoryUrl: proxy.directoryUrl, caPem: pebble.caPem }
  const { id: issuerId } = await good(app.admin.post<{ id: string }>(ISSUERS, shape))
  const { id: privateId } = await app.as((ctx) => sslService.privateIssuer(ctx))
  return { pebble, proxy, issuerId, privateId }
}

async function request(app: TestApp, issuerId: string): Promise<Accepted> {
  const tenantId = await app.tenant()
  const { name } = await domainIn(app, tenantId, `d${newId().slice(-12)}.example.com`)
  return good(app.admin.post<Accepted>(CERTIFICATES, { tenantId, names: [name, `www.${name}`], issuerId }))
}

const rows = (app: TestApp, certificateId: string) =>
  rowsOf(
    app,
    sql`select state, action, problem_code, version_id is not null as has_version,
      (select count(*)::int from ssl_certificate_versions v where v.certificate_id = c.id) as versions,
      (select array_agg(o.state) from acme_orders o where o.certificate_id = c.id) as orders,
      (select count(*)::int from acme_orders o join acme_challenges h on h.order_id = o.id
        where o.certificate_id = c.id and h.cleaned_at is null) as proofs
      from ssl_certificates c where c.id = ${certificateId}`,
  )

/** How many orders at the CA still wait for a proof: none, once a job has ended. */
async function openAtCa(app: TestApp, ca: Ca): Promise<number> {
  const account = await app.as(async (ctx) => {
    const issuer = await sslService.issuerFor(ctx, { issuerId: ca.issuerId, avoid: null })
    return sslService.accountFor(ctx, issuer)
  })
  if (!account || account.connection.accountUrl === null) return 0
  const found = await createAcme(networks(['127.0.0.0/8', '::1/128']), account.connection).unfinishedOrders()
  if (found.outcome !== 'ok') throw new Error(JSON.stringify(found))
  return found.value.filter(({ status }) => status === 'pending').length
}

async function arrangeIssue(app: TestApp): Promise<Arranged> {
  const ca = await caOf(app)
  const { certificate, job } = await request(app, ca.issuerId)
  const before = ca.proxy.seen.length
  const orders = (): number => ca.proxy.seen.slice(before).filter((line) => line === 'POST /order-plz').length
  return {
    jobId: job.id,
    world: async () => ({ rows: await rows(app, certificate.id), orders: orders() }),
    holdings: async () => ({ rows: await rows(app, certificate.id), open: await openAtCa(app, ca) }),
    afterPermanent: {
      rows: [
        {
          state: 'pending',
          action: null,
          problem_code: 'injected',
          has_version: false,
          versions: 0,
          orders: ['failed'],
          proofs: 0,
        },
      ],
      open: 0,
    },
  }
}

async function arrangeSign(app: TestApp): Promise<Arranged> {
  const { certificate, job } = await request(app, (await caOf(app)).privateId)
  const world = () => rows(app, certificate.id)
  return {
    jobId: job.id,
    world,
    holdings: world,
    afterPermanent: [
      {
        state: 'pending',
        action: null,
        problem_code: 'injected',
        has_version: false,
        versions: 0,
        orders: null,
        proofs: 0,
      },
    ],
  }
}

async function arrangeRevoke(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const ca = await caOf(app)
  const { certificate, job } = await request(app, ca.issuerId)
  await toRest(app, job.id, handlerOf('ssl.issue'))
  const asked = await good(
    app.admin.post<Accepted>(`${CERTIFICATES}/${certificate.id}/revoke`, { reason: 'keyCompromise' }),
  )
  const world = () => rows(app, certificate.id)
  return {
    jobId: asked.job.id,
    world,
    holdings: world,
    afterPermanent: [
      {
        state: 'issued',
        action: null,
        problem_code: 'injected',
        has_version: true,
        versions: 1,
        orders: ['valid'],
        proofs: 0,
      },
    ],
  }
}

/** Whether the account at the CA is there by the key that we keep. */
async function accountWorks(app: TestApp, ca: Ca): Promise<{ works: boolean; changing: boolean }> {
  const account = await app.as(async (ctx) => {
    const issuer = await sslService.issuerFor(ctx, { issuerId: ca.issuerId, avoid: null })
    return sslService.accountFor(ctx, issuer)
  })
  if (!account) throw new Error('there is no account')
  const found = await createAcme(networks(['127.0.0.0/8', '::1/128']), account.connection).unfinishedOrders()
  return { works: found.outcome === 'ok', changing: account.isChanging }
}

async function arrangeRollover(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const ca = await caOf(app)
  const { job } = await request(app, ca.issuerId)
  await toRest(app, job.id, handlerOf('ssl.issue'))
  const { jobId } = await good(app.admin.post<{ jobId: string }>(`${ISSUERS}/${ca.issuerId}/account-key`, {}))
  const world = () => accountWorks(app, ca)
  return { jobId, world, holdings: world, afterPermanent: { works: true, changing: false } }
}

export const sslCases = (handlerOf: HandlerOf): JobCase[] => [
  { name: 'ssl.issue', handler: handlerOf('ssl.issue'), permanent: 'failed', arrange: arrangeIssue },
  { name: 'ssl.sign', handler: handlerOf('ssl.sign'), permanent: 'failed', arrange: arrangeSign },
  {
    name: 'ssl.rollover',
    handler: handlerOf('ssl.rollover'),
    permanent: 'failed',
    arrange: (app) => arrangeRollover(app, handlerOf),
  },
  {
    name: 'ssl.revoke',
    handler: handlerOf('ssl.revoke'),
    permanent: 'failed',
    arrange: (app) => arrangeRevoke(app, handlerOf),
  },
]
