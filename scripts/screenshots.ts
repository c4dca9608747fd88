// Takes the pictures of README and docs: `node scripts/screenshots.ts`. The whole application runs on an empty database and a
// simulated cluster, is filled as an operator would fill it, and is looked at with a real browser. To look at pages while one
// works on them: `node scripts/screenshots.ts <folder> dashboard jobs …`, each on a wide and a narrow screen in both themes.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CloudPod } from '../shared/api/cloudPods.ts'
import type { Tenant } from '../shared/api/tenants.ts'
import { openApp, type Credentials } from '../test/e2e/browser.ts'
import { pay, prepareOrder, type Ordered } from '../test/support/api.ts'
import { until, type TestApp } from '../test/support/app.ts'
import startDatabases from '../test/support/postgres.ts'

const WIDE = { width: 1280, height: 800 }
const NARROW = { width: 390, height: 844 }
const CUSTOMERS = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Edsger Dijkstra',
  'Barbara Liskov',
  'Donald Knuth',
]

type Filled = { tenant: Tenant; subscription: string; pod: string }
type Shot = {
  name: string
  path: string
  viewport: typeof WIDE
  colorScheme: 'light' | 'dark'
  fullPage: boolean
}

/** Five customers with a pod each, one who has not paid, and three domains. */
async function fill(app: TestApp): Promise<Filled> {
  const { admin } = app
  const tenantId = await app.tenant()
  await admin.call('PATCH', `/api/admin/tenants/${tenantId}`, { name: 'Example Hosting' })
  let subscription = ''
  for (const [index, name] of CUSTOMERS.entries()) {
    const order = await prepareOrder(admin, tenantId, { hostname: `web-${index + 1}.example.com` })
    const email = `${name.split(' ')[0]?.toLowerCase()}@example.com`
    await admin.call('PATCH', `/api/admin/customers/${order.customerId}`, { name, email })
    const { status, body } = await admin.post<Ordered>('/api/admin/billing/subscriptions', order)
    if (status !== 201) throw new Error(`no order: ${JSON.stringify(body)}`)
    if (index === CUSTOMERS.length - 1) continue
    await pay(admin, body.invoice)
    subscription = body.subscription.id
  }
  for (const name of ['example.com', 'example.net', 'example.org'])
    await admin.post('/api/admin/domains', { tenantId, name })
  const pods = await until(async () => {
    const { body } = await admin.get<{ items: CloudPod[] }>('/api/admin/hosting/cloudpods?state=active')
    return body.items.length === CUSTOMERS.length - 1 && body.items
  }, 'the CloudPods are made')
  const { body: tenant } = await admin.get<Tenant>(`/api/admin/tenants/${tenantId}`)
  return { tenant, subscription, pod: pods[0]?.id ?? '' }
}

const published = ({ tenant, subscription, pod }: Filled): Shot[] => [
  { name: 'dashboard', path: '/t/all/dashboard', viewport: WIDE, colorScheme: 'light', fullPage: true },
  {
    name: 'dashboard-phone',
    path: `/t/${tenant.slug}/dashboard`,
    viewport: NARROW,
    colorScheme: 'dark',
    fullPage: false,
  },
  {
    name: 'order',
    path: `/t/all/subscriptions/${subscription}`,
    viewport: WIDE,
    colorScheme: 'light',
    fullPage: false,
  },
  {
    name: 'pod',
    path: `/t/all/cloudpods/${pod}?tab=timeline`,
    viewport: WIDE,
    colorScheme: 'light',
    fullPage: true,
  },
]

const asked = (places: readonly string[]): Shot[] =>
  places.flatMap((place) =>
    ([WIDE, NARROW] as const).flatMap((viewport) =>
      (['light', 'dark'] as const).map((colorScheme) => ({
        name: `${place.replaceAll(/[^\w-]/g, '-')}-${viewport.width}-${colorScheme}`,
        path: `/t/all/${place}`,
        viewport,
        colorScheme,
        fullPage: true,
      })),
    ),
  )

async function take(
  opened: Awaited<ReturnType<typeof openApp>>,
  who: Credentials,
  shot: Shot,
  folder: string,
) {
  const { name, path, viewport, colorScheme, fullPage } = shot
  const page = await opened.page({ viewport, colorScheme })
  await opened.enter(page, who)
  await page.goto(path)
  await page.locator('main h1').waitFor()
  await page
    .getByText(/^Loading/)
    .first()
    .waitFor({ state: 'detached' })
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage })
  await page.context().close()
}

const [folder = fileURLToPath(new URL('../docs/screenshots', import.meta.url)), ...places] =
  process.argv.slice(2)
await mkdir(folder, { recursive: true })
const stopDatabases = await startDatabases()
const opened = await openApp()
try {
  const filled = await fill(opened.app)
  const operator = await opened.user('SUPER_ADMIN')
  for (const shot of places.length > 0 ? asked(places) : published(filled))
    await take(opened, operator, shot, folder)
} finally {
  await opened.close()
  await stopDatabases()
}
