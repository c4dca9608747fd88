import { sql } from 'kysely'
import type { SslCertificate, SslCertificateDetail } from '../../shared/api/ssl.ts'
import type { SslIssuer } from '../../shared/api/sslIssuers.ts'
import type { SslTarget } from '../../shared/api/sslTargets.ts'
import { newId } from '../../src/lib/ids.ts'
import { makeRoot, newKey, signWith } from '../../src/lib/x509/make.ts'
import * as sslService from '../../src/services/sslService.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { domainIn } from './casesDomains.ts'
import { good, podIn } from './pods.ts'

const PATH = '/api/admin/ssl/certificates'
const ISSUERS = '/api/admin/ssl/issuers'
const DAY_MS = 86_400_000

let made = 0
/** Nobody answers there. */
const issuer = () => ({ name: `CA ${++made} ${newId()}`, directoryUrl: 'https://ca.example.com/dir' })
const issuerIn = async (app: TestApp): Promise<string> => {
  const { id } = await good(app.admin.post<SslIssuer>(ISSUERS, issuer()))
  // No certificate is asked of it.
  return id
}

/** A certificate that the private CA is to sign; its job waits, or has ended. */
async function requested(app: TestApp, tenantId: string): Promise<{ id: string; jobId: string }> {
  const { name } = await domainIn(app, tenantId)
  const { id: issuerId } = await app.as((ctx) => sslService.privateIssuer(ctx))
  const body = { tenantId, names: [name], issuerId }
  const accepted = await good(
    app.admin.post<{ certificate: SslCertificate; job: { id: string } }>(PATH, body),
  )
  return { id: accepted.certificate.id, jobId: accepted.job.id }
}

/** The same, issued. */
async function issuedIn(app: TestApp, tenantId: string): Promise<string> {
  const { id } = await requested(app, tenantId)
  const row = await app.as((ctx) =>
    ctx.tx.selectFrom('ssl_certificates').select('version_id').where('id', '=', id).executeTakeFirstOrThrow(),
  )
  if (row.version_id === null)
    await app.as((ctx) => sslService.signPrivately(ctx, { tenantId, certificateId: id, versionId: newId() }))
  return id
}

/** A chain of a CA that nobody knows, and its key. */
export async function material(names: string[], days = 30): Promise<{ chainPem: string; keyPem: string }> {
  const [caKey, keyPem] = [await newKey(), await newKey()]
  const [notBefore, notAfter] = [new Date(Date.now() - DAY_MS), new Date(Date.now() + days * DAY_MS)]
  const pem = await makeRoot('Bought CA', caKey, notBefore, notAfter)
  return { chainPem: await signWith({ pem, keyPem: caKey }, { names, keyPem, notBefore, notAfter }), keyPem }
}

const WEBHOOK = { kind: 'webhook', name: 'Edge', address: 'https://edge.example.com/certificates' }

/** A place that a certificate is delivered to. */
const targeted: Case = async (app, tenantId) => {
  const id = await issuedIn(app, tenantId)
  const { id: targetId } = await good(app.admin.post<SslTarget>(`${PATH}/${id}/deployments`, WEBHOOK))
  return { id, targetId }
}

/** A certificate that agents of a pod are to install, and such an agent. */
const forAgent: Case = async (app, tenantId) => {
  const certificateId = await issuedIn(app, tenantId)
  const { cloudPod } = await podIn(app, tenantId)
  const body = { kind: 'agent', podId: cloudPod.id }
  await good(app.admin.post(`${PATH}/${certificateId}/deployments`, body))
  return { id: cloudPod.id, certificateId }
}

const issued: Case = async (app, tenantId) => ({ id: await issuedIn(app, tenantId) })
const ofIssuer: Case = async (app) => ({ id: await issuerIn(app) })
const ofIssuerWithAccount: Case = async (app) => {
  const id = await issuerIn(app)
  await app.as((ctx) => sslService.keepAccountKey(ctx, id, 'a key'))
  const account = await app.as((ctx) =>
    ctx.tx.selectFrom('acme_accounts').select('id').where('issuer_id', '=', id).executeTakeFirstOrThrow(),
  )
  await app.as((ctx) => sslService.keepAccountUrl(ctx, account.id, 'https://ca.example.com/account/1'))
  return { id }
}

/** A certificate with everything that there can be about one. */
export async function certificateIn(app: TestApp, tenantId: string): Promise<string> {
  const id = await issuedIn(app, tenantId)
  const [orderId, issuerId] = [newId(), await issuerIn(app)]
  await app.as(async ({ tx }) => {
    await sql`insert into acme_orders (id, tenant_id, certificate_id, issuer_id, name_set, state, created_at, ended_at)
      values (${orderId}, ${tenantId}, ${id}, ${issuerId}, 'x', 'failed', now(), now())`.execute(tx)
    await sql`insert into acme_challenges (id, tenant_id, order_id, name, wildcard, type, token, value, url, authorization_url,
      created_at) values (${newId()}, ${tenantId}, ${orderId}, 'a.example.com', false, 'http-01', ${newId()}, 'x', 'x', 'x', now())`.execute(
      tx,
    )
    await sql`insert into ssl_deployments (id, tenant_id, certificate_id, name, host, port, checked_at, finding,
      message)
      values (${newId()}, ${tenantId}, ${id}, 'a.example.com', 'a.example.com', 443, now(), 'unreachable',
      'Nothing answers.')`.execute(tx)
  })
  await good(app.admin.post(`${PATH}/${id}/deployments`, WEBHOOK))
  // What is asked for later is not asked of a CA that is not there.
  await good(app.admin.call('DELETE', `${ISSUERS}/${issuerId}`))
  return id
}

/** The rows of the route table about certificates and who gives them. */
export const SSL_CASES: Record<string, Case> = {
  findSslCertificates: async () => ({}),
  createSslCertificate: async (app, tenantId) => ({
    body: { tenantId, names: [(await domainIn(app, tenantId)).name] },
  }),
  uploadSslCertificate: async (app, tenantId) => ({
    body: { tenantId, ...(await material([(await domainIn(app, tenantId)).name])) },
  }),
  getSslCertificate: issued,
  removeSslCertificate: issued,
  renewSslCertificate: issued,
  revokeSslCertificate: async (app, tenantId) => ({ id: await issuedIn(app, tenantId), body: {} }),
  replaceSslCertificate: async (app, tenantId) => {
    const names = [(await domainIn(app, tenantId)).name]
    const body = { tenantId, ...(await material(names)) }
    const { id } = await good(app.admin.post<SslCertificate>(`${PATH}/upload`, body))
    return { id, body: await material(names) }
  },
  checkSslCertificate: issued,
  getSslChain: issued,
  takeSslKey: issued,
  getSslOrders: issued,
  getSslDeployments: issued,
  addSslTarget: async (app, tenantId) => ({ id: await issuedIn(app, tenantId), body: WEBHOOK }),
  removeSslTarget: targeted,
  deliverSslTarget: targeted,
  getAgentCertificates: forAgent,
  fetchAgentCertificate: forAgent,
  reportAgentCertificate: async (app, tenantId) => {
    const asked = await forAgent(app, tenantId)
    const of = await app.admin.get<SslCertificateDetail>(`${PATH}/${asked.certificateId}`)
    return { ...asked, body: { fingerprint: of.body.versions[0]?.fingerprint, ok: true } }
  },
  listSslFindings: async () => ({}),
  listSslIssuers: async () => ({}),
  createSslIssuer: async () => ({ body: issuer() }),
  getSslIssuer: ofIssuer,
  checkSslIssuer: ofIssuer,
  updateSslIssuer: async (app) => ({ id: await issuerIn(app), body: { priority: 50 } }),
  retireSslIssuer: ofIssuer,
  getSslRoot: async (app) => {
    await app.as((ctx) => sslService.privateIssuer(ctx))
    return {}
  },
  getAcmeChallenge: async () => ({}),
  getPrivateCrl: async () => ({}),
  changeSslAccountKey: ofIssuerWithAccount,
}
