import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PLATFORM_ROLES, ROLE_PERMISSIONS, TENANT_ROLES, type BuiltinRole } from '../../shared/permissions.ts'
import type { Tenant } from '../../shared/api/tenants.ts'
import { NAVIGATION } from '../../web/src/components/navigation.ts'
import { made, sells } from '../billing/taxWorld.ts'
import { prepareOrder } from '../support/api.ts'
import { some } from '../support/some.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let tenant: Tenant
beforeAll(async () => {
  opened = await openApp()
  const { admin } = opened.app
  const id = await opened.app.tenant()
  tenant = (await admin.get<Tenant>(`/api/admin/tenants/${id}`)).body
  await admin.post('/api/admin/billing/subscriptions', await prepareOrder(admin, id))
  // Who issues invoices without these is told that something is wrong.
  await sells(opened.app, id)
  const rule = { tenantId: id, validFrom: '2020-01-01', destination: 'IT', category: 'S', ratePpm: 220_000 }
  await made(admin.post('/api/admin/billing/tax-rules', rule))
}, 120_000)
afterAll(() => opened?.close())

/** A folder for pictures of every place as each role sees it, for people to look at. */
const PICTURES = process.env['MPANEL_TEST_PICTURES']

/** What a page shows when something is wrong, or not for those who came there by a link of the pages. */
const FAULTS =
  /could not be read|not yours to see|There is no such page|No such |could not be shown|out of date/i

/** Goes there, as a link does, and waits until everything is loaded. @returns what is wrong */
async function faultsAt(page: Page, path: string): Promise<string[]> {
  await page.evaluate(`if (location.pathname + location.search !== ${JSON.stringify(path)}) {
    document.querySelector('main h1')?.setAttribute('data-left', '')
    history.pushState(null, '', ${JSON.stringify(path)})
  }`)
  await page.locator('main h1:not([data-left])').waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  const text = (await page.locator('main').textContent()) ?? ''
  const alerts = await page.locator('main').getByRole('alert').allTextContents()
  return [...(FAULTS.exec(text) ?? []), ...alerts].map((fault) => `${path}: ${fault}`)
}

/** The addresses that the links of the page's content lead to. */
const linksOn = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll('main a[href]')].map((link) => link.getAttribute('href'))`,
  )

/** One of each kind is enough: a thing's own page differs by its id only. */
const kindOf = (path: string): string => path.replaceAll(/[0-9a-f-]{36}/g, ':id').replace(/\?.*/, '')

it.each([...PLATFORM_ROLES, ...TENANT_ROLES])(
  '%s sees exactly the places that the role may read, and they and what they link to load without a fault',
  async (role: BuiltinRole) => {
    const ofTenant = (TENANT_ROLES as readonly string[]).includes(role)
    const page = await opened.page()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(`${page.url()} threw ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(`${page.url()} logged ${message.text()}`)
    })
    await page.goto('/login')
    await page.getByLabel('E-mail').waitFor()
    // Before the log-in the page asks who it is, and is told: nobody.
    faults.length = 0
    await logIn(page, await opened.user(role, ofTenant ? tenant.id : null))
    const navigation = page.getByRole('navigation', { name: 'Main' })
    await navigation.getByRole('listitem').first().waitFor()
    const places = NAVIGATION.flatMap((group) => group.places).filter(
      ({ permission, ofTrial }) =>
        !ofTrial && (permission === undefined || ROLE_PERMISSIONS[role].includes(permission)),
    )
    expect(await navigation.getByRole('listitem').allTextContents()).toEqual(places.map(({ label }) => label))
    const base = `/t/${ofTenant ? tenant.slug : 'all'}`
    const shown = places.map(({ section }) => `${base}/${section}`)
    const seen = new Set(shown)
    const linked: string[] = []
    for (const place of shown) {
      faults.push(...(await faultsAt(page, place)))
      if (PICTURES)
        await page.screenshot({ path: join(PICTURES, `${role}${place.replaceAll('/', '-')}.png`) })
      for (const link of await linksOn(page)) {
        if (seen.has(kindOf(link)) || !link.startsWith('/t/')) continue
        seen.add(kindOf(link))
        linked.push(link)
      }
    }
    for (const link of some(linked, 4)) faults.push(...(await faultsAt(page, link)))
    await page.context().close()
    expect(faults).toEqual([])
  },
  180_000,
)
