import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobDetail } from '../../shared/api/provisioning.ts'
import { finished, until } from '../support/app.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'
import { startSslWorld, type SslWorld } from './world.ts'

let world: SslWorld
let second: PowerDns
let tenantId: string
beforeAll(async () => {
  world = await startSslWorld({ delegated: true })
  second = await startPowerDns({ host: '127.0.0.2', dnsPort: Number(world.dns.address.split(':')[1]) })
  tenantId = await world.app.tenant()
})
afterAll(async () => {
  await world.close()
  await second.close()
})

const waitsFor = (jobId: string, text: string): Promise<unknown> =>
  until(async () => {
    const { body } = await world.app.admin.get<JobDetail>(`/api/admin/provisioning/jobs/${jobId}`)
    return JSON.stringify(body).includes(text)
  }, `the job to say: ${text}`)

test('a CA is told that a proof is ready only when every name server that the parent names shows it, and the one that lags is named', async () => {
  const { name } = await world.domain(tenantId)
  await second.call('POST', '/zones', { name: `${name}.`, kind: 'Native', nameservers: ['ns2.test.'] })
  const { certificate, job } = await world.request(tenantId, [`*.${name}`])
  await waitsFor(job.id, `ns2.test does not show _acme-challenge.${name} yet`)
  expect(world.proxy.seen.filter((line) => line.startsWith('POST /chalZ'))).toEqual([])
  const { rows } = await world.app.as((ctx) =>
    sql<{ value: string }>`select c.value from acme_challenges c join acme_orders o on o.id = c.order_id
      where o.certificate_id = ${certificate.id}`.execute(ctx.tx),
  )
  const content = JSON.stringify(rows[0]?.value)
  const rrset = { name: `_acme-challenge.${name}.`, type: 'TXT', ttl: 60, changetype: 'REPLACE' }
  await second.call('PATCH', `/zones/${name}.`, {
    rrsets: [{ ...rrset, records: [{ content, disabled: false }] }],
  })
  expect((await finished(world.app.admin, job.id)).error).toBeNull()
  expect(await world.get(certificate.id)).toMatchObject({ state: 'issued' })
})

test('a name server that does not answer is named and waited for, but keeps nobody from a certificate for good', async () => {
  const { name } = await world.domain(tenantId)
  await second.stop()
  const { job } = await world.request(tenantId, [`*.${name}`])
  await waitsFor(job.id, 'ns2.test')
  world.app.clock.offsetMs = 61_000
  expect((await finished(world.app.admin, job.id)).error).toBeNull()
  world.app.clock.offsetMs = 0
  await second.start()
})
