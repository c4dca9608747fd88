import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AuditWebhookMade } from '../../shared/api/auditWebhooks.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { SslCertificate } from '../../shared/api/ssl.ts'
import { LOST } from '../../src/lib/crypto.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import { deliverWebhooks } from '../../src/services/auditWebhookService.ts'
import { connectionOf, seedProvider } from '../../src/services/billing/providers.ts'
import { recoverMissed } from '../../src/services/billingCollectionService.ts'
import * as sslService from '../../src/services/sslService.ts'
import { domainIn } from '../rules/casesDomains.ts'
import { material } from '../rules/casesSsl.ts'
import { startApp, type TestApp } from '../support/app.ts'

/** What each thing does whose secret was lost with the secret key, until somebody has entered it again. */

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: { MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' } })
})
afterAll(() => app.close())

const lose = (table: string, column: string, key: string, id: string): Promise<unknown> =>
  app.as(({ tx }) =>
    sql`update ${sql.table(table)} set ${sql.ref(column)} = ${LOST} where ${sql.ref(key)} = ${id}`.execute(
      tx,
    ),
  )
const problem = (answer: { status: number; body: unknown }): Problem => {
  expect(answer.status).toBe(409)
  return answer.body as Problem
}

it('a webhook is told why nothing arrives, and its new secret alone signs', async () => {
  const { body: made } = await app.admin.post<AuditWebhookMade>('/api/admin/audit/webhooks', {
    url: 'http://127.0.0.1:9/hook',
    description: '',
    eventTypes: null,
    tenantId: null,
  })
  const path = `/api/admin/audit/webhooks/${made.id}`
  await lose('audit_webhooks', 'secret', 'id', made.id)
  await app.tenant()
  await sealAll(app.root)
  await deliverWebhooks(app.root)
  const deliveries = await app.admin.get(`/api/admin/audit/webhook-deliveries?webhookId=${made.id}`)
  expect(JSON.stringify(deliveries.body)).toContain('Its secret was lost with the secret key of mPanel')
  const rotated = await app.admin.post(`${path}/secret`, { overlapHours: 24 })
  expect(rotated).toMatchObject({ status: 200, body: { formerSecretUntil: null } })
})

it('a mail whose text is lost is not sent, and says so to whoever reads it', async () => {
  await app.admin.post('/api/admin/mails/test', {})
  const { rows } = await app.as(({ tx }) => sql<{ id: string }>`select id from mails`.execute(tx))
  const id = rows[0]?.id ?? ''
  await lose('mails', 'body', 'id', id)
  const { code, detail } = problem(await app.admin.get(`/api/admin/mails/${id}`))
  expect([code, detail]).toEqual(['secret_lost', expect.stringContaining('What was in this mail was lost')])
})

it('the payment provider of the configuration gets its key again at the next start, and is passed over until then', async () => {
  const given = { key: 'sk_test_example', webhookSecret: 'whsec_example', simulated: false }
  const id = await app.as((ctx) => seedProvider(ctx, given))
  await lose('billing_providers', 'key_sealed', 'id', id)
  await lose('billing_providers', 'webhook_secret_sealed', 'id', id)
  await recoverMissed(app.root)
  expect(problem(await app.admin.post(`/api/admin/billing/providers/${id}/check`, {})).code).toBe(
    'secret_lost',
  )
  await app.as((ctx) => seedProvider(ctx, given))
  const row = await app.as(({ tx }) =>
    tx.selectFrom('billing_providers').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  )
  expect(connectionOf(app.root, row)).toMatchObject({ kind: 'stripe', key: given.key })
})

it('a certificate stays where it is, and its key is not handed out any more', async () => {
  const tenantId = await app.tenant()
  const uploaded = await app.admin.post<SslCertificate>('/api/admin/ssl/certificates/upload', {
    tenantId,
    ...(await material([(await domainIn(app, tenantId)).name])),
  })
  expect(uploaded.status).toBe(201)
  const id = uploaded.body.id
  await lose('ssl_certificate_versions', 'key_sealed', 'certificate_id', id)
  const refused = problem(await app.admin.post(`/api/admin/ssl/certificates/${id}/key`, {}))
  expect(refused.detail).toContain('renew it, or upload it again')
})

it('an account at a CA gets a new key, and a change of keys that was under way is over', async () => {
  const { body: issuer } = await app.admin.post<{ id: string }>('/api/admin/ssl/issuers', {
    name: 'Example CA',
    directoryUrl: 'https://ca.example.com/directory',
  })
  await app.as((ctx) => sslService.keepAccountKey(ctx, issuer.id, 'the first key'))
  const account = () =>
    app.as((ctx) => ctx.tx.selectFrom('acme_accounts').selectAll().executeTakeFirstOrThrow())
  const { id } = await account()
  await app.as((ctx) => sslService.keepAccountUrl(ctx, id, 'https://ca.example.com/account/1'))
  await lose('acme_accounts', 'next_key_sealed', 'id', id)
  await app.as(sslService.remakeAccountKeys)
  expect(await account()).toMatchObject({ next_key_sealed: null, url: 'https://ca.example.com/account/1' })
  expect(app.root.sealer.open((await account()).key_sealed, `acmeAccount:${id}`)).toBe('the first key')
  await lose('acme_accounts', 'key_sealed', 'id', id)
  await app.as(sslService.remakeAccountKeys)
  expect(await account()).toMatchObject({ next_key_sealed: null, url: null })
  expect(app.root.sealer.open((await account()).key_sealed, `acmeAccount:${id}`)).toContain('PRIVATE KEY')
})
