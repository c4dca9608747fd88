import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Subscription } from '../../shared/api/billing.ts'
import { newId } from '../../src/lib/ids.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { ownerOf } from '../rules/rows.ts'
import { createApi, pay, prepareOrder, type Api, type Ordered } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { keyOf, PASSWORD, person, session, withHeaders, COOKIE } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** How a secret may look where it was only encoded, not sealed or hashed. */
const forms = (secret: string): string[] => {
  const bytes = Buffer.from(secret)
  return [
    secret,
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    encodeURIComponent(secret),
  ]
}

async function wholeDatabase(): Promise<[string, string][]> {
  const owner = await ownerOf(app.ownerUrl)
  try {
    const tables = await owner.query<{ name: string }>(`select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`)
    const found: [string, string][] = []
    for (const { name } of tables) {
      const rows = await owner.query<{ row: string }>(`select t::text as row from ${name} t`)
      found.push([name, rows.map(({ row }) => row).join('\n')])
    }
    return found
  } finally {
    await owner.close()
  }
}

test('no secret of a whole order is in a log, the database, a job, an event or an answer', async () => {
  const answers: string[] = []
  const listening = (api: Api): Api => {
    const call: Api['call'] = async (...request) => {
      const answer = await api.call<never>(...request)
      answers.push(JSON.stringify(answer.body))
      return answer
    }
    return {
      call,
      get: (path) => call('GET', path),
      post: (path, body, headers) => call('POST', path, body, headers),
    }
  }
  const connection = await app.as((ctx) => provisioningService.clusterConnection(ctx, app.clusterId))
  const clusterSecret = connection.token?.secret ?? ''
  expect(clusterSecret.length).toBeGreaterThan(20)
  const newClusterSecret = `cluster-secret-${newId()}`
  const wrongPassword = `wrong-password-${newId()}`
  const tenantId = await app.tenant()
  const user = await person(app, 'SUPER_ADMIN')
  const browser = await session(app, user.email)
  const key = await keyOf(app, user.email)
  const api = listening(await withHeaders(app, { cookie: `${COOKIE}=${browser.token}` }))
  const program = listening(key.api)
  const nobody = listening(await createApi(app.url, undefined))

  await nobody.post('/api/auth/login', { email: user.email, password: wrongPassword })
  await nobody.post('/api/auth/login', { email: user.email, password: wrongPassword, extra: wrongPassword })
  await nobody.post('/api/auth/login', { email: 'admin@example.com', password: PASSWORD })
  const cluster = {
    name: 'unreachable',
    apiUrl: 'https://127.0.0.1:9',
    tokenId: 'mpanel@pve!panel',
    tokenSecret: newClusterSecret,
  }
  const added = await api.post<{ job: { id: string } }>('/api/admin/provisioning/clusters', cluster)
  expect(added.status).toBe(202)
  expect((await api.post('/api/admin/provisioning/clusters', cluster)).status).toBe(409)
  expect((await api.post('/api/admin/provisioning/clusters', { ...cluster, more: 1 })).status).toBe(422)
  expect(
    (await program.post('/api/admin/provisioning/clusters', { ...cluster, vmidMin: 5, vmidMax: 1 })).status,
  ).toBe(422)

  const order = await prepareOrder(api, tenantId)
  const ordered = await program.post<Ordered>('/api/admin/billing/subscriptions', order, {
    'idempotency-key': 'k1',
  })
  await pay(program, ordered.body.invoice)
  const { id } = ordered.body.subscription
  await until(async () => {
    const { body } = await app.admin.get<Subscription>(`/api/admin/billing/subscriptions/${id}`)
    return body.state === 'active'
  }, 'the subscription to become active')
  const cancelled = await api.post<{ job: { id: string } }>(`/api/admin/billing/subscriptions/${id}/cancel`, {
    when: 'now',
  })
  await finished(app.admin, cancelled.body.job.id)
  await finished(app.admin, added.body.job.id)
  for (const path of [
    'jobs?limit=200',
    `jobs/${added.body.job.id}`,
    'clusters',
    'nodes',
    'blueprints',
    'ip-pools',
  ])
    await api.get(`/api/admin/provisioning/${path}`)
  for (const path of ['/api/admin/audit/events?limit=200', '/api/auth/me', '/api/openapi.json', '/metrics'])
    await api.get(path)
  await api.post('/api/auth/logout')

  const places: [string, string][] = [
    ['an answer', answers.join('\n')],
    ['the log', app.logs.join('\n')],
    ...(await wholeDatabase()).map(([name, text]): [string, string] => [`table ${name}`, text]),
  ]
  const secrets = {
    clusterSecret,
    newClusterSecret,
    wrongPassword,
    password: PASSWORD,
    session: browser.token,
    key: key.token.split('_').slice(2).join('_'),
  }
  for (const [place, text] of places) {
    for (const [name, secret] of Object.entries(secrets)) {
      for (const form of forms(secret)) expect(text.includes(form), `${name} in ${place}`).toBe(false)
    }
  }
  expect(places[0]?.[1]).toContain(order.hostname)
  expect(places[1]?.[1]).toContain('/api/auth/login')
}, 60_000)

test('an internal error tells its caller nothing but the id of the request', async () => {
  const owner = await ownerOf(app.ownerUrl)
  await owner.query('alter table customers rename to customers_away')
  const answer = await app.admin.get<Record<string, unknown>>('/api/admin/customers')
  await owner.query('alter table customers_away rename to customers')
  await owner.close()
  expect(answer.status).toBe(500)
  const requestId = answer.headers.get('x-request-id')
  expect(answer.body).toEqual({
    type: 'urn:mpanel:error:internal',
    title: 'Internal error',
    status: 500,
    detail: 'Something went wrong on our side. Try again; if it stays, tell us the request id.',
    code: 'internal',
    requestId,
  })
  const logged = app.logs.filter((line) => line.includes(requestId ?? '-') && line.includes('"err"'))
  expect(logged).toHaveLength(1)
  expect(logged[0]).toContain('customers')
})
