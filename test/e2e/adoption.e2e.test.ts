import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page as ListPage } from '../../shared/api/common.ts'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Tenant } from '../../shared/api/tenants.ts'
import { adoptionOf } from '../support/strangers.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
beforeAll(async () => {
  opened = await openApp()
}, 120_000)
afterAll(() => opened?.close())

it('an operator finds a guest by its address, makes it a pod, and sees it among the pods', async () => {
  const { app } = opened
  const id = await app.tenant()
  const tenant = (await app.admin.get<Tenant>(`/api/admin/tenants/${id}`)).body
  const wanted = await adoptionOf(app, id)
  const page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
  await page.goto(`/t/${tenant.slug}/clusters`)
  await page.getByRole('link', { name: /^Guests of nobody on/ }).click()
  await page.getByLabel('Search name, tag, node, VMID, MAC or address').fill(wanted.address)
  await page.waitForURL('**/strangers?q=**')
  await page.getByRole('link', { name: wanted.name }).click()
  await page.getByText(wanted.guest.mac).waitFor()
  const send = page.getByRole('button', { name: 'Make it a pod' })
  expect(await send.getAttribute('aria-disabled')).toBe('true')
  await page.getByRole('group', { name: 'Plan' }).getByRole('radio').first().check()
  await page.getByRole('group', { name: 'Blueprint' }).getByRole('radio').first().check()
  expect(await page.getByLabel('Host name').inputValue()).toBe(wanted.name)
  if (process.env['MPANEL_TEST_PICTURES'])
    await page.screenshot({ path: `${process.env['MPANEL_TEST_PICTURES']}/adopt.png`, fullPage: true })
  await page.getByLabel('Address').fill('198.51.100.9')
  await send.click()
  await page.getByText('No address pool of the cluster has 198.51.100.9').first().waitFor()
  await page.getByLabel('Address').fill(wanted.address)
  await send.click()
  await page.getByRole('heading', { level: 1, name: /^Take over a guest/ }).waitFor()
  await page.getByText('Succeeded', { exact: true }).first().waitFor()
  const { body } = await app.admin.get<ListPage<CloudPod>>(`/api/admin/hosting/cloudpods?tenantId=${id}`)
  expect(body.items).toMatchObject([{ hostname: wanted.name, state: 'active', powerState: 'running' }])
  await page.context().close()
})
