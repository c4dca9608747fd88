import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { showPod } from '../cloudPods/faults.ts'
import { catalogue } from '../support/api.ts'
import { finished, until } from '../support/app.ts'
import { guestsOf } from '../support/harnessWorld.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let podId: string
beforeAll(async () => {
  opened = await openApp()
  const { app } = opened
  const tenantId = await app.tenant()
  await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'cloudPods.undeleteHours': 12 })
  const { plan, blueprint } = await catalogue(app.admin)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: 'again.example.com' }
  const made = await app.admin.post<{ cloudPod: CloudPod; job: Job }>('/api/admin/hosting/cloudpods', order)
  podId = made.body.cloudPod.id
  await finished(app.admin, made.body.job.id)
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await page.goto('/login')
  await logIn(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const button = (name: string) => page.getByRole('button', { name, exact: true })
// Not the note that something was done, which is one as well.
const dialog = () => page.locator('[role=dialog]:not([aria-modal=false])')

/** Types the host name into the open dialog and confirms. */
async function confirm(label: string, hostname: string): Promise<void> {
  const submit = dialog().getByRole('button', { name: label, exact: true })
  expect(await submit.getAttribute('aria-disabled')).toBe('true')
  await dialog()
    .getByLabel(/to confirm/)
    .fill(hostname)
  await submit.click()
  await submit.waitFor({ state: 'hidden' })
}

/** Waits until nothing is done to the pod any more; the page follows by itself. */
const rests = (kept: string | undefined) =>
  until(
    async () => {
      const { action, state, keptGuest } = await showPod(opened.app, podId)
      return action === null && state !== 'deleting' && keptGuest?.state === kept
    },
    `the pod to rest, its former guest ${kept ?? 'gone'}`,
  )

it('a pod is rebuilt, the page shows until when its former guest is kept, and one goes back to it and lets the other go', async () => {
  const { hostname, placement } = await showPod(opened.app, podId)
  await page.goto(`/t/all/cloudpods/${podId}`)
  await button('Rebuild').click()
  await dialog()
    .getByRole('radio', { name: /The present one/ })
    .waitFor()
  await dialog().getByText('The present guest is kept for 24 hours').waitFor()
  await confirm('Rebuild', hostname)
  await rests('kept')

  await page.getByRole('heading', { name: 'Kept guest', exact: true }).waitFor()
  expect((await showPod(opened.app, podId)).placement?.vmid).not.toBe(placement?.vmid)
  await page.locator('button:not([aria-disabled="true"])', { hasText: 'Go back to it' }).click()
  await confirm('Go back', hostname)
  await rests('kept')
  await page.getByText(`${placement?.vmid}, `).waitFor()

  await page.locator('button:not([aria-disabled="true"])', { hasText: 'Let go of it now' }).click()
  await confirm('Let go', hostname)
  await rests(undefined)
  await page.getByRole('heading', { name: 'Kept guest', exact: true }).waitFor({ state: 'detached' })
  expect(guestsOf(opened.app, podId).map(({ vmid }) => vmid)).toEqual([placement?.vmid])
}, 120_000)

it('a deleted pod is found among the deleted ones, and is undeleted', async () => {
  await page.goto(`/t/all/cloudpods/${podId}`)
  await page.locator('button:not([aria-disabled="true"])', { hasText: 'Delete' }).click()
  await dialog().getByText('for 12 hours').waitFor()
  await confirm('Delete', 'again.example.com')
  await rests(undefined)
  await page.getByRole('heading', { name: 'Deleted', exact: true }).waitFor()

  await page.goto('/t/all/cloudpods?state=recoverable')
  await page.getByText('Can be undeleted until').waitFor()
  await page.getByRole('link', { name: 'again.example.com' }).click()
  await button('Undelete').click()
  await until(async () => (await showPod(opened.app, podId)).state === 'active', 'the pod to be back')
  await page.getByRole('heading', { name: 'Deleted', exact: true }).waitFor({ state: 'detached' })
  expect(await showPod(opened.app, podId)).toMatchObject({ state: 'active', powerState: 'running' })
}, 120_000)
