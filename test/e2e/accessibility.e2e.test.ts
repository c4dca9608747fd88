import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page as ListPage } from '../../shared/api/common.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import { catalogue, pay, prepareOrder, type Ordered } from '../support/api.ts'
import { finished, until } from '../support/app.ts'
import { some } from '../support/some.ts'
import { makeStranger } from '../support/strangers.ts'
import { addProvider } from '../users/sso.ts'
import { zoneCaseIn } from '../rules/casesDns.ts'
import { openApp, type OpenApp } from './browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const CONTRAST = ['color-contrast']
const OF_WIDTH = ['target-size', 'scrollable-region-focusable', 'color-contrast', 'region', 'bypass']
const WIDE = { width: 1440, height: 900 }
const NARROW = { width: 390, height: 900 }

/** One address of every route, with things to show on it: `{name}` is one of `things`. */
const ADDRESSES = [
  'dashboard',
  'invoices',
  'invoices/{invoice}',
  'setup',
  'subscriptions',
  'subscriptions/new',
  'subscriptions/new?customer={customer}',
  'subscriptions/{subscription}',
  'subscriptions/{subscription}?tab=next&assume=unpaid',
  'subscriptions/{subscription}?tab=jobs',
  'subscriptions/{subscription}?tab=timeline',
  'cloudpods',
  'cloudpods?q=nothing-is-called-so',
  'cloudpods/new',
  'cloudpods/{pod}',
  'cloudpods/{pod}?tab=metrics',
  'cloudpods/{pod}?tab=network',
  'security-groups',
  'security-groups/new',
  'cloudpods/{pod}?tab=snapshots',
  'cloudpods/{pod}/console',
  'cloudpods/{pod}?tab=backups',
  'cloudpods/{pod}?tab=timeline',
  'cloudpods?state=recoverable',
  'cloudpods/{deleted}',
  'domains',
  'domains/new',
  'domains/{domain}',
  'certificates',
  'certificates?tab=findings',
  'certificates/{certificate}',
  'certificates/{certificate}?tab=deployments',
  'certificates/{certificate}?tab=versions',
  'ssl-issuers',
  'domains/{zoned}?tab=dns',
  'dns-templates',
  'dns-templates/new',
  'dns-servers',
  'dns-servers/new',
  'customers',
  'customers/new',
  'customers/settings',
  'customers/{customer}',
  'customers/{customer}?tab=contacts',
  'customers/{customer}?tab=notes',
  'customers/{customer}?tab=subscriptions',
  'customers/{customer}?tab=invoices',
  'customers/{customer}?tab=payment',
  'customers/{customer}?tab=account',
  'customers/{customer}?tab=tax',
  'customers/{customer}?tab=timeline',
  'customers/{customer}/edit',
  'customers/import',
  'customers/{customer}/merge?from={other}',
  'customers/{merged}',
  'addons',
  'coupons',
  'dunning',
  'taxes',
  'billing-report',
  'payment-providers',
  'payment-providers/{provider}',
  'plans',
  'plans/new',
  'jobs',
  'jobs/{job}',
  'queues',
  'clock',
  'queues?tab=limits',
  'queues?tab=workers',
  'queues?tab=timers',
  'clusters',
  'clusters/new',
  'ip-pools',
  'ip-pools/new',
  'ip-sources',
  'ip-sources/new',
  'blueprints',
  'blueprints/new',
  'blueprints/{blueprint}',
  'tenants',
  'tenants/new',
  'tenants/{tenant}',
  'tenants/{tenant}?tab=settings',
  'tenants/{tenant}?tab=quotas',
  'tenants/{tenant}?tab=export',
  'tenants/{tenant}?tab=close',
  'tenants/{closing}?tab=close',
  'tenants?state=closing',
  'tenants/{tenant}?tab=members',
  'mail',
  'tenants/{tenant}?tab=sso',
  'tenants/settings',
  'users',
  'users/new',
  'users/{user}',
  'users/{user}?tab=grants',
  'users/{user}?tab=sessions',
  'users/{user}?tab=why',
  'roles',
  'roles?tab=matrix',
  'roles/new',
  'roles/{role}',
  'findings',
  'clusters/{cluster}/edit',
  'clusters/{cluster}/strangers',
  'clusters/{cluster}/strangers/{stranger}',
  'ip-pools/{pool}',
  'audit',
  'audit/proof',
  'audit/sinks',
  'audit/webhooks',
  'account/security',
  'account/sessions',
  'account/log-ins',
  'account/api-keys',
  'account/operators',
  'api-keys',
  'api-keys?tab=keys',
  'there-is-no-such-page',
]
/** Addresses for whoever is not logged in. */
const OUTSIDE = ['/login', '/login?sso=unknown', '/login?second=passkey%20code']

let opened: OpenApp
let things: Record<string, string | undefined>
let outside: Page
let inside: Page
/** The same, in German. */
let german: Page
const thrown: string[] = []
beforeAll(async () => {
  opened = await openApp()
  things = await prepare()
  outside = await watched()
  await outside.goto('/login')
  const who = await opened.user('SUPER_ADMIN')
  inside = await watched()
  german = await watched('de-DE')
  for (const page of [inside, german]) {
    await opened.enter(page, who)
    await open(page, '/t/all/nowhere')
  }
}, 120_000)
afterAll(() => opened?.close())

async function watched(locale = 'en-GB'): Promise<Page> {
  const page = await opened.page({ colorScheme: 'light', locale })
  await page.addInitScript(`
    window.violations = []
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violations.push(event.violatedDirective + ' ' + event.blockedURI))`)
  page.on('pageerror', (error) => thrown.push(`${page.url()} threw ${error.message}`))
  return page
}

describe('free of accessibility faults, policy violations and sideways scrolling, narrow and light, and each second page wide and dark, is', () => {
  it.each(OUTSIDE)('%s', async (path) =>
    expect(await faultsAt(outside, () => open(outside, path))).toEqual([]),
  )
  it.each(some(ADDRESSES, 5))('%s', async (address) => {
    const path = address.replace(/\{(\w+)\}/g, (_, name: string) => things[name] ?? 'missing')
    const page = [inside, german][randomInt(2)] ?? inside
    expect(await faultsAt(page, () => follow(page, `/t/all/${path}`))).toEqual([])
  })
  it('where a pod may move', async () => {
    const asking = async () => {
      await open(inside, `/t/all/cloudpods/${things.pod}`)
      await inside.getByRole('button', { name: 'Migrate', exact: true }).click()
      await inside.getByRole('radio').first().waitFor()
    }
    expect(await faultsAt(inside, asking)).toEqual([])
  })
  it('what a pod may be rebuilt from', async () => {
    const asking = async () => {
      await open(inside, `/t/all/cloudpods/${things.pod}`)
      await inside.getByRole('button', { name: 'Rebuild', exact: true }).click()
      await inside.getByRole('radio').first().waitFor()
    }
    expect(await faultsAt(inside, asking)).toEqual([])
  })
  it('what another plan comes to', async () => {
    const asking = async () => {
      await open(inside, `/t/all/subscriptions/${things.subscription}`)
      await inside.getByRole('button', { name: 'Change plan' }).click()
      await inside.getByRole('radio', { name: /^Medium/ }).check()
      await inside.getByRole('region', { name: 'What it comes to' }).waitFor()
    }
    expect(await faultsAt(inside, asking)).toEqual([])
  })
  it('the search with its hits', async () => {
    const searching = async () => {
      await open(inside, '/t/all/customers')
      await inside.keyboard.press('Control+k')
      await inside.getByRole('combobox', { name: 'Search or jump to' }).fill('ada')
      await inside
        .getByRole('option', { name: /Ada Example/ })
        .first()
        .waitFor()
    }
    expect(await faultsAt(inside, searching)).toEqual([])
  })
})

/** The first or the second page begins by chance, so that a few runs see all pages in both looks. */
let turn = randomInt(2)

/**
 * Looks at a page narrow and light, then, at each second one, wide and dark. Of what is looked for only contrast depends on the theme, and on the
 * width only how large things are and whether what scrolls can be reached.
 */
async function faultsAt(page: Page, goThere: () => Promise<void>): Promise<string[]> {
  thrown.length = 0
  await show(page, 'light', NARROW)
  await goThere()
  await show(page, 'light', NARROW)
  const faults = await faultsOf(page, 'light, narrow', RULES)
  if (turn++ % 2 === 0) {
    await show(page, 'dark', WIDE)
    faults.push(...(await faultsOf(page, 'dark, wide', [...CONTRAST, ...OF_WIDTH])))
  }
  const refused = await page.evaluate<string[]>('window.violations')
  return [...faults, ...refused.map((violation) => `the policy refused ${violation}`), ...thrown]
}

/** Puts a theme and a width on, and waits until the page has both. Nothing moves: what is not painted would never get from one colour to the other. */
async function show(page: Page, theme: 'light' | 'dark', size: typeof WIDE): Promise<void> {
  await page.setViewportSize(size)
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
  await page.evaluate(`(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const end = performance.now() + 30_000
    for (;;) {
      await frame()
      const { theme } = document.documentElement.dataset
      if (innerWidth === ${size.width} && theme === '${theme}') break
      if (performance.now() > end) throw new Error('it does not settle: ' + innerWidth + ', ' + theme)
    }
    await frame()
  })()`)
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await page.waitForLoadState('load')
  await ready(page)
  await page.evaluate(AXE)
}

async function ready(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
}

/** Goes on within the pages, as a link does, from a page that is none, so that nothing of the last one is taken for the next. */
async function follow(page: Page, path: string): Promise<void> {
  const lost = page.getByRole('heading', {
    level: 1,
    name: /There is no such page|Diese Seite gibt es nicht/,
  })
  await page.evaluate(`history.pushState(null, '', '/t/all/nowhere')`)
  await lost.waitFor()
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path)})`)
  if (!path.endsWith('/there-is-no-such-page')) await lost.waitFor({ state: 'detached' })
  await ready(page)
}

async function faultsOf(page: Page, look: string, rules: string[]): Promise<string[]> {
  const type = rules === RULES ? 'tag' : 'rule'
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, ${JSON.stringify({ runOnly: { type, values: rules }, resultTypes: ['violations'], preload: false })})`,
  )
  const sideways = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  return [
    ...violations.map(({ id, nodes }) => `${look}: ${id} at ${nodes.map(({ html }) => html).join(' ')}`),
    ...(sideways > 0 ? [`${look}: ${sideways} px wider than the screen`] : []),
  ]
}

/** A pod that was rebuilt and deleted: both of its guests are kept. */
async function deletedPod(tenantId: string): Promise<string> {
  const { admin } = opened.app
  const path = '/api/admin/hosting/cloudpods'
  await admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'cloudPods.undeleteHours': 24 })
  const { plan, blueprint } = await catalogue(admin, 'ct')
  const hostname = 'deleted.example.com'
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname }
  const { cloudPod, job } = (await admin.post<Accepted>(path, order)).body
  await finished(admin, job.id)
  const rebuilt = await admin.post<Accepted>(`${path}/${cloudPod.id}/rebuild`, { hostname })
  await finished(admin, rebuilt.body.job.id)
  const deleted = await admin.call<Accepted>('DELETE', `${path}/${cloudPod.id}`)
  await finished(admin, deleted.body.job.id)
  return cloudPod.id
}

async function prepare(): Promise<typeof things> {
  const { admin } = opened.app
  const tenant = await opened.app.tenant()
  for (const of of [tenant, null]) await addProvider(opened.app, of, 'https://id.example.com')
  const order = await prepareOrder(admin, tenant)
  const { body } = await admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(admin, body.invoice)
  const subscription = `/api/admin/billing/subscriptions/${body.subscription.id}`
  const active = await until(async () => {
    const now = await admin.get<Ordered['subscription']>(subscription)
    return now.body.state === 'active' && now.body
  }, 'the subscription to become active')
  const closing = await opened.app.tenant()
  const { name } = (await admin.get<{ name: string }>(`/api/admin/tenants/${closing}`)).body
  await admin.post(`/api/admin/tenants/${closing}/close`, { name, reason: 'the contract has ended' })
  await admin.post(`/api/admin/tenants/${tenant}/export`, {})
  const jobs = await admin.get<ListPage<{ id: string }>>('/api/admin/provisioning/jobs?queue=cloud_pod')
  const add = (called: string) =>
    admin.post<{ id: string }>('/api/admin/customers', {
      tenantId: tenant,
      name: called,
      email: 'other@example.com',
    })
  const [other, merged] = [await add('Other'), await add('Merged')]
  const path = `/api/admin/customers/${other.body.id}/merge`
  const { token } = (await admin.get<{ token: string }>(`${path}?from=${merged.body.id}`)).body
  await admin.post(path, { from: merged.body.id, token })
  const users = await admin.get<ListPage<{ id: string }>>('/api/admin/users?q=admin@example.com')
  const pools = await admin.get<ListPage<{ id: string }>>('/api/admin/provisioning/ip-pools')
  const watchers = { tenantId: null, key: 'watchers', name: 'Watchers', permissions: ['jobs:read'] }
  const { vmid: stranger } = makeStranger(opened.app)
  opened.app.sim.control.setStaleness(0)
  const role = await admin.post<{ id: string }>('/api/admin/users/roles', watchers)
  const collector = { kind: 'stripe', tenantId: tenant, key: 'sk_test_0123456789' }
  const provider = await admin.post<{ id: string }>('/api/admin/billing/providers', collector)
  const claim = { tenantId: tenant, name: 'www.example.com', customerId: other.body.id }
  const domain = await admin.post<{ id: string }>('/api/admin/domains', claim)
  await admin.post(`/api/admin/domains/${domain.body.id}/trust`, { reason: 'Known from before' })
  const asked = { tenantId: tenant, names: [claim.name] }
  const certificate = await admin.post<{ certificate: { id: string } }>('/api/admin/ssl/certificates', asked)
  return {
    user: users.body.items[0]?.id,
    domain: domain.body.id,
    certificate: certificate.body.certificate.id,
    zoned: (await zoneCaseIn(opened.app, tenant)).id,
    cluster: opened.app.clusterId,
    pool: pools.body.items[0]?.id,
    role: role.body.id,
    provider: provider.body.id,
    blueprint: order.blueprintId,
    stranger: String(stranger),
    tenant,
    closing,
    subscription: active.id,
    customer: active.customer.id,
    other: other.body.id,
    merged: merged.body.id,
    pod: active.pod?.id,
    deleted: await deletedPod(tenant),
    job: jobs.body.items[0]?.id,
    invoice: body.invoice.id,
  }
}
