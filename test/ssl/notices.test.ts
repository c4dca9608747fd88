import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SslCertificate } from '../../shared/api/ssl.ts'
import * as sslService from '../../src/services/sslService.ts'
import { material } from '../rules/casesSsl.ts'
import { domainIn } from '../rules/casesDomains.ts'
import { good } from '../rules/pods.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { mailsOf } from '../support/mails.ts'
import { CERTIFICATES, type Accepted } from './world.ts'

const DAY_MS = 86_400_000

let app: TestApp
beforeAll(async () => {
  app = await startApp({ blueprints: false })
})
afterAll(() => app.close())

const at = async <T>(moment: number, work: () => Promise<T>): Promise<T> => {
  app.clock.offsetMs = moment - Date.now()
  try {
    return await work()
  } finally {
    app.clock.offsetMs = 0
  }
}

test('an uploaded certificate is told of before its end, on the nearest day that has come, until it is replaced', async () => {
  const tenantId = await app.tenant()
  await app.login('TENANT_ADMIN', tenantId)
  await app.login('TENANT_USER', tenantId)
  const { name } = await domainIn(app, tenantId)
  const body = { tenantId, ...(await material([name])) }
  const made = await good(app.admin.post<SslCertificate>(`${CERTIFICATES}/upload`, body))
  const end = Date.parse(made.notAfter ?? '')
  const tell = (daysBefore: number) => at(end - daysBefore * DAY_MS, () => sslService.tellEnding(app.root))
  for (const days of [20, 19, 2.5, 2.4, -1]) await tell(days)
  expect(await mailsOf(app, tenantId)).toMatchObject(
    Array.from({ length: 2 }, () => ({
      to: expect.stringContaining('tenant_admin-'),
      text: expect.stringContaining(`${name} ends on ${made.notAfter?.slice(0, 10)}: it was uploaded`),
    })),
  )
  const later = await material([name], 90)
  await good(app.admin.post(`${CERTIFICATES}/${made.id}/upload`, later))
  await tell(0.5)
  expect(await mailsOf(app, tenantId)).toHaveLength(2)
})

test('a certificate whose renewal keeps failing is told of once with the reason, and not after it was renewed', async () => {
  const tenantId = await app.tenant()
  await app.login('TENANT_OWNER', tenantId)
  const { id: domainId, name } = await domainIn(app, tenantId)
  const made = await good(app.admin.post<Accepted>(CERTIFICATES, { tenantId, names: [name] }))
  await finished(app.admin, made.job.id)
  const { id } = made.certificate
  const row = () =>
    app.as(({ tx }) =>
      tx.selectFrom('ssl_certificates').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    )
  const proof = (verified_at: Date | null) =>
    app.as(({ tx }) => tx.updateTable('domains').set({ verified_at }).where('id', '=', domainId).execute())
  await proof(null)
  for (const failures of [1, 2, 3]) {
    expect(await mailsOf(app, tenantId)).toEqual([])
    await at((await row()).due_at?.getTime() ?? 0, async () => {
      await sslService.renewDue(app.root)
      await sslService.tellEnding(app.root)
    })
    expect((await row()).failures).toBe(failures)
  }
  const failedAt = (await row()).updated_at.getTime()
  await at(failedAt + 1_000, () => sslService.tellEnding(app.root))
  expect(await mailsOf(app, tenantId)).toMatchObject([
    {
      subject: 'A certificate needs you',
      text: expect.stringContaining('could not be renewed. The tenant has no verified domain'),
    },
  ])
  await proof(new Date())
  await at((await row()).due_at?.getTime() ?? 0, async () => {
    await sslService.renewDue(app.root)
    await until(async () => (await row()).failures === 0, 'the renewal')
  })
  await at(((await row()).not_after?.getTime() ?? 0) - 2 * DAY_MS, () => sslService.tellEnding(app.root))
  expect(await mailsOf(app, tenantId)).toHaveLength(1)
})
