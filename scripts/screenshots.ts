// Takes the pictures of README and docs: `node scripts/screenshots.ts [folder]`. The whole application runs on an empty
// database and a simulated cluster, is filled as an operator would fill it, and is looked at with a real browser.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Tenant } from '../shared/api/tenants.ts'
import { pay, prepareOrder, type Ordered } from '../test/support/api.ts'
import { until, type TestApp } from '../test/support/app.ts'
import { openApp } from '../test/e2e/browser.ts'
import startDatabases from '../test/support/postgres.ts'

const FOLDER = process.argv[2] ?? fileURLToPath(new URL('../docs/screenshots', import.meta.url))
const WIDE = { width: 1280, height: 800 }
const NARROW = { width: 390, height: 844 }
const PAGES = ['dashboard', 'cloudpods', 'domains', 'invoices', 'certificates', 'jobs']

const CUSTOMERS = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Edsger Dijkstra',
  'Barbara Liskov',
  'Donald Knuth',
]

async function fill(app: TestApp): Promise<Tenant> {
  const { admin } = app
  const tenantId = await app.tenant()
  await admin.call('PATCH', `/api/admin/tenants/${tenantId}`, { name: 'Example Hosting' })
  const { body: tenant } = await admin.get<Tenant>(`/api/admin/tenants/${tenantId}`)
  for (const [index, name] of CUSTOMERS.entries()) {
    const email = `${name.split(' ')[0]?.toLowerCase()}@example.com`
    const order = await prepareOrder(admin, tenantId, { hostname: `web-${index + 1}.example.com` })
    await admin.call('PATCH', `/api/admin/customers/${order.customerId}`, { name, email })
    const { status, body } = await admin.post<Ordered>('/api/admin/billing/subscriptions', order)
    if (status !== 201) throw new Error(`no order: ${JSON.stringify(body)}`)
    if (index < 5) await pay(admin, body.invoice)
  }
  for (const name of ['example.com', 'example.net', 'example.org'])
    await admin.post('/api/admin/domains', { tenantId, name })
  await until(async () => {
    const { body } = await admin.get<{ items: unknown[] }>('/api/admin/hosting/cloudpods?state=active')
    return body.items.length === 5
  }, 'the CloudPods are made')
  return tenant
}

const stopDatabases = await startDatabases()
const opened = await openApp()
try {
  await mkdir(FOLDER, { recursive: true })
  const tenant = await fill(opened.app)
  const operator = await opened.user('SUPER_ADMIN')
  const owner = await opened.user('TENANT_OWNER', tenant.id)
  for (const [name, who, slug] of [
    ['operator', operator, 'all'],
    ['owner', owner, tenant.slug],
  ] as const)
    for (const [size, viewport] of [
      ['wide', WIDE],
      ['narrow', NARROW],
    ] as const)
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await opened.page({ viewport, colorScheme })
        await opened.enter(page, who)
        for (const place of name === 'operator' ? PAGES : ['dashboard']) {
          await page.goto(`/t/${slug}/${place}`)
          await page.locator('main h1').waitFor()
          await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
          await page
            .getByText(/^Loading/)
            .first()
            .waitFor({ state: 'detached' })
          await page.screenshot({
            path: join(FOLDER, `${name}-${place}-${size}-${colorScheme}.png`),
            fullPage: true,
          })
        }
        await page.context().close()
      }
} finally {
  await opened.close()
  await stopDatabases()
}
