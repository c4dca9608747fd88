import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemOrigin, transaction, type Ctx } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as auditService from '../../src/services/auditService.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import * as customerService from '../../src/services/customerService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import * as tenantService from '../../src/services/tenantService.ts'
import { prepareOrder, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'
import { populate, type Things } from './populate.ts'
import { ownerOf, rowsOf, tenantTables, type Owner } from './rows.ts'

const CATALOGUE = [
  'addon_prices',
  'addons',
  'billing_providers',
  'cloud_pod_blueprints',
  'cloud_pod_plans',
  'dunning_policies',
  'prices',
  'roles',
  'security_groups',
  'settings',
  'tax_rules',
]
let app: TestApp
let owner: Owner
let tables: string[]
let own: string
let other: string
let things: Things

beforeAll(async () => {
  app = await startApp({ worker: false })
  owner = await ownerOf(app.ownerUrl)
  tables = await tenantTables(app)
  own = await app.tenant()
  other = await app.tenant()
  await populate(app, owner, own)
  things = await populate(app, owner, other)
})
afterAll(async () => {
  await owner.close()
  await app.close()
})

/** Work in the scope of one tenant, whatever the caller's permissions: as if they had not been asked. */
const within = <T>(scope: 'platform' | string[], work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(app.root, systemOrigin('test', newId()), scope, work)

const raw = async (scope: 'platform' | string[], text: string, values: unknown[] = []) => {
  const client = await app.root.db.pool.connect()
  try {
    await client.query('begin')
    const name = scope === 'platform' ? 'app.scope' : 'app.tenants'
    const value = scope === 'platform' ? 'platform' : `{${scope.join(',')}}`
    await client.query('select set_config($1, $2, true)', [name, value])
    return await client.query(text, values)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

/** The columns of a table that are written, not generated. */
async function columnsOf(table: string): Promise<string> {
  const rows = await owner.query<{ name: string }>(
    `select quote_ident(attname) as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  )
  return rows.map((row) => row.name).join(', ')
}

const pod = () => ({
  tenantId: other,
  customerId: null,
  planId: things.planId,
  blueprintId: things.blueprint,
})

describe('row-level security alone:', () => {
  test('the tables all hold rows of both tenants, so that the tests below mean something', async () => {
    for (const table of tables) {
      const found = await owner.query<{ n: number }>(
        `select count(distinct tenant_id)::int as n from ${table} where tenant_id = any ($1)`,
        [[own, other]],
      )
      expect(found, table).toEqual([{ n: 2 }])
    }
  })

  test('without a scope no row is seen, but for the platform’s catalogue', async () => {
    for (const table of [...tables, 'tenants']) {
      const { rows } = await app.root.db.pool.query<{ n: number }>(
        `select count(*)::int as n from ${table} ${CATALOGUE.includes(table) ? 'where tenant_id is not null' : ''}`,
      )
      expect(rows, table).toEqual([{ n: 0 }])
    }
  })

  test('in the scope of a tenant no row of another is seen, changed or removed', async () => {
    for (const table of tables) {
      const seen = await raw([own], `select 1 from ${table} where tenant_id = $1`, [other])
      expect(seen.rowCount, table).toBe(0)
      const mine = await raw([own], `select 1 from ${table} where tenant_id = $1`, [own])
      expect(mine.rowCount, table).toBeGreaterThan(0)
      for (const change of [`update ${table} set tenant_id = tenant_id`, `delete from ${table}`]) {
        const count = await raw([own], `${change} where tenant_id = $1`, [other]).then(
          (result) => result.rowCount,
          (error: { code?: string }) => error.code,
        )
        expect([0, '42501'], `${change}: ${count}`).toContain(count)
      }
    }
    expect((await raw([own], `update tenants set name = 'x' where id = $1`, [other])).rowCount).toBe(0)
  })

  test('no row can be written into another tenant, neither new nor moved', async () => {
    for (const shown of tables) {
      // The history of jobs is written by a function of the owner; the application writes what is live.
      const table = shown === 'provisioning_jobs' ? 'provisioning_jobs_live' : shown
      const [row] = await owner.query<{ row: unknown }>(
        `select to_jsonb(t) as row from ${table} t where tenant_id = $1 limit 1`,
        [other],
      )
      const columns = await columnsOf(table)
      const insert = `insert into ${table} (${columns}) overriding system value
        select ${columns} from jsonb_populate_record(null::${table}, $1)`
      await expect(raw([own], insert, [JSON.stringify(row?.row)]), table).rejects.toThrow(
        'row-level security',
      )
      const move = raw([own], `update ${table} set tenant_id = $1 where tenant_id = $2`, [other, own])
      await expect(move, table).rejects.toMatchObject({ code: '42501' })
      const lift = raw([own], `update ${table} set tenant_id = null where tenant_id = $1`, [own])
      await expect(lift, table).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|23502)$/) })
    }
  })

  const reading: [string, (ctx: Ctx) => Promise<unknown>][] = [
    ['customerService.get', (ctx) => customerService.get(ctx, other, things.customer)],
    ['tenantService.get', (ctx) => tenantService.get(ctx, other)],
    ['BillingService.get', (ctx) => BillingService.get(ctx, other, things.subscription)],
    ['cloudPodService.get', (ctx) => cloudPodService.get(ctx, other, things.pod)],
    [
      'cloudPodService.previewResize',
      (ctx) => cloudPodService.previewResize(ctx, other, things.pod, { cores: 2 }, { byPlatform: true }),
    ],
    ['provisioningService.getJob', (ctx) => provisioningService.getJob(ctx, things.job)],
    ['provisioningService.getJobDetail', (ctx) => provisioningService.getJobDetail(ctx, things.job)],
  ]
  const customer = {
    kind: 'person' as const,
    name: 'x',
    company: null,
    email: 'x@example.com',
    country: null,
    language: null,
    groupId: null,
    tags: [],
    addresses: [],
    taxIds: [],
    custom: {},
    externalRef: null,
  }
  const payment = { amountMinor: '1', currency: 'EUR', method: 'cash', reference: 'x' } as const
  const writing: [string, (ctx: Ctx) => Promise<unknown>][] = [
    ['customerService.create', (ctx) => customerService.create(ctx, { ...customer, tenantId: other })],
    ['customerService.update', (ctx) => customerService.update(ctx, other, things.customer, { name: 'x' })],
    [
      'tenantService.update',
      (ctx) => tenantService.update(ctx, other, { name: 'x' }, { mayChangeQuota: true }),
    ],
    [
      'BillingService.create',
      async (ctx) => {
        const order = await prepareOrder(app.admin, other)
        return BillingService.create(ctx, other, {
          ...order,
          sshKeys: null,
          coupon: null,
          addons: [],
          shownTotalMinor: null,
          region: null,
        })
      },
    ],
    [
      'BillingService.cancel',
      (ctx) => BillingService.cancel(ctx, other, things.subscription, { when: 'now', reason: '' }),
    ],
    ['BillingService.retryDelivery', (ctx) => BillingService.retryDelivery(ctx, other, things.subscription)],
    [
      'BillingService.recordPayment',
      (ctx) => BillingService.recordPayment(ctx, other, things.invoice, payment),
    ],
    [
      'cloudPodService.create',
      (ctx) => cloudPodService.create(ctx, { ...pod(), hostname: 'x', sshKeys: null, region: null }),
    ],
    ['cloudPodService.power', (ctx) => cloudPodService.power(ctx, other, things.pod, 'stop')],
    [
      'cloudPodService.resize',
      (ctx) =>
        cloudPodService.resize(ctx, other, things.pod, { cores: 2, reboot: false }, { byPlatform: true }),
    ],
    ['cloudPodService.destroy', (ctx) => cloudPodService.destroy(ctx, other, things.pod)],
    ['cloudPodService.markDeleted', (ctx) => cloudPodService.markDeleted(ctx, other, things.pod, {})],
  ]

  test.each(reading)('%s finds nothing of a tenant outside the scope', async (_, work) => {
    await expect(within([own], work)).rejects.toMatchObject({ code: 'not_found' })
    await expect(within([other], work)).resolves.toBeDefined()
  })

  test.each(writing)('%s changes nothing of a tenant outside the scope', async (name, work) => {
    const prepared = name === 'BillingService.create' ? await prepareOrder(app.admin, other) : undefined
    const before = prepared ? undefined : await rowsOf(app, other)
    // A tenant's own quota is not seen either: an order fails on it before it reaches the pod.
    const codes = expect.stringMatching(/^(not_found|quota_exceeded)$/) as string
    await expect(within([own], work)).rejects.toMatchObject({ code: codes })
    if (before) expect(await rowsOf(app, other)).toEqual(before)
  })

  test('a list shows nothing of another tenant even when the query forgets to say whose', async () => {
    const options = { limit: 200, sort: '-createdAt' } as const
    const lists: [string, (ctx: Ctx) => Promise<unknown>][] = [
      ['customers', (ctx) => customerService.list(ctx, {}, options)],
      ['tenants', (ctx) => tenantService.list(ctx, {}, options)],
      ['plans', (ctx) => BillingService.listPlans(ctx, options)],
      ['subscriptions', (ctx) => BillingService.list(ctx, {}, options)],
      ['invoices', (ctx) => BillingService.listInvoices(ctx, {}, options)],
      ['pods', (ctx) => cloudPodService.list(ctx, {}, options)],
      ['jobs', (ctx) => provisioningService.listJobs(ctx, {}, options)],
      ['blueprints', (ctx) => provisioningService.listBlueprints(ctx, options)],
      ['events', (ctx) => auditService.list(ctx, {}, options)],
      ['stream', (ctx) => provisioningService.jobsChangedSince(ctx, { seen: '1:1:' }, 1_000)],
    ]
    for (const [name, list] of lists) {
      const forgetful = (scope: 'platform' | string[]) =>
        within(scope, async (ctx) => JSON.stringify(await list({ ...ctx, scope: 'platform' })))
      const seen = await forgetful([own])
      expect(seen, name).toContain(own)
      expect(seen, name).not.toContain(other)
      expect(await forgetful([other]), name).toContain(other)
      expect(await forgetful([]), name).not.toContain(own)
    }
  })
})

describe('a pooled connection', () => {
  test('never keeps the scope of the request before: 1,000 requests of two tenants, each sees its own only', async () => {
    const callers: [Api, string, string][] = []
    for (const [mine, theirs] of [
      [own, other],
      [other, own],
    ] as const) {
      callers.push([(await keyOf(app, 'admin@example.com', { tenantId: mine })).api, mine, theirs])
    }
    let next = 0
    const lane = async (): Promise<void> => {
      for (let index = next++; index < 1_000; index = next++) {
        const [api, mine, theirs] = callers[index % 2] ?? []
        const answer = await api?.get('/api/admin/customers?limit=5')
        const text = JSON.stringify(answer?.body)
        if (answer?.status !== 200 || !text.includes(mine ?? '') || text.includes(theirs ?? '')) {
          throw new Error(`request ${index} got ${answer?.status} ${text}`)
        }
      }
    }
    await Promise.all(Array.from({ length: 8 }, lane))
    for (let index = 0; index < 40; index++) {
      const { rows } = await app.root.db.pool.query(
        `select current_setting('app.scope', true) || current_setting('app.tenants', true) as left_over`,
      )
      expect(['', null]).toContain((rows[0] as { left_over: string | null }).left_over)
    }
  })

  test('has no scope left after a transaction that failed', async () => {
    for (const scope of ['platform', [own]] as const) {
      await expect(within(scope as 'platform', () => Promise.reject(new Error('x')))).rejects.toThrow('x')
      const { rows } = await app.root.db.pool.query('select 1 from customers')
      expect(rows).toEqual([])
    }
  })
})
