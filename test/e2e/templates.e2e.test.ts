import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Page as ListPage } from '../../shared/api/common.ts'
import type { Blueprint, Job } from '../../shared/api/provisioning.ts'
import { catalogue } from '../support/api.ts'
import { finished, until } from '../support/app.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let tenantId: string
let slug: string
let podId: string
beforeAll(async () => {
  opened = await openApp()
  const { app } = opened
  tenantId = await app.tenant()
  slug = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body.slug
  await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/quotas`, { maxSnapshots: 0, maxBackups: 2 })
  const { plan, blueprint } = await catalogue(app.admin)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: 'image.example.com' }
  const made = await app.admin.post<{ cloudPod: CloudPod; job: Job }>('/api/admin/hosting/cloudpods', order)
  podId = made.body.cloudPod.id
  await finished(app.admin, made.body.job.id)
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await opened.enter(page, await opened.user('TENANT_ADMIN', tenantId))
}, 120_000)
afterAll(() => opened?.close())

// Not the note that something was done, which is one as well.
const dialog = () => page.locator('[role=dialog]:not([aria-modal=false])')
const button = (name: string) => page.getByRole('button', { name, exact: true })
const own = async (): Promise<Blueprint | undefined> =>
  (
    await opened.app.admin.get<ListPage<Blueprint>>(`/api/admin/provisioning/blueprints?tenantId=${tenantId}`)
  ).body.items.find((one) => one.tenantId === tenantId)

it('a tenant makes a blueprint of a stopped machine, finds it in the list and in an order, and removes it', async () => {
  await page.goto(`/t/${slug}/cloudpods/${podId}`)
  await button('Make blueprint').waitFor()
  expect(await button('Make blueprint').getAttribute('aria-disabled')).toBe('true')
  const { body } = await opened.app.admin.post<{ job: Job }>(`/api/admin/hosting/cloudpods/${podId}/stop`)
  await finished(opened.app.admin, body.job.id)
  await page.locator('button:not([aria-disabled="true"])', { hasText: 'Make blueprint' }).click()
  await dialog().getByText('cloud-init clean').waitFor()
  await dialog().getByLabel('Name of the blueprint').fill('Our web server')
  await dialog().getByRole('button', { name: 'Make blueprint', exact: true }).click()
  await dialog().waitFor({ state: 'hidden' })

  await page.goto(`/t/${slug}/blueprints`)
  const row = page.getByRole('row').filter({ hasText: 'Our web server' })
  await row.getByText('Made of').waitFor()
  await until(async () => (await own())?.template?.state === 'ready', 'the blueprint to be there')
  await row.getByText('Active', { exact: true }).waitFor()

  await page.goto(`/t/${slug}/cloudpods/new`)
  await page.getByText('Our web server').waitFor()

  await page.goto(`/t/${slug}/blueprints`)
  await button('Remove Our web server').click()
  await dialog()
    .getByLabel(/to confirm/)
    .fill('Our web server')
  await dialog().getByRole('button', { name: 'Remove', exact: true }).click()
  await dialog().waitFor({ state: 'hidden' })
  await until(async () => (await own()) === undefined, 'the blueprint to be gone')
  await row.waitFor({ state: 'detached' })
})

it('a quota that is used up is told where a snapshot or a backup would be asked for', async () => {
  await page.goto(`/t/${slug}/cloudpods/${podId}?tab=snapshots`)
  await page.getByText('0 of 5, the whole tenant 0 of 0').waitFor()
  expect(await button('New snapshot').getAttribute('aria-disabled')).toBe('true')
  await page.goto(`/t/${slug}/cloudpods/${podId}?tab=backups`)
  await page.getByText('0 of 10, the whole tenant 0 of 2').waitFor()
  await page.locator('button:not([aria-disabled="true"])', { hasText: 'Back up now' }).waitFor()
})
