import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, showPod, type Placed } from '../cloudPods/faults.ts'
import { guestsOf } from '../support/harnessWorld.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let pod: Placed
beforeAll(async () => {
  opened = await openApp()
  pod = await delivered(opened.app)
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' })
// Not the note that something was done, which is one as well.
const dialog = () => page.locator('[role=dialog]:not([aria-modal=false])')

it('a pod is backed up, changed and restored after its name was typed; a schedule says when it comes next', async () => {
  const { hostname } = await showPod(opened.app, pod.podId)
  await page.goto(`/t/all/cloudpods/${pod.podId}?tab=backups`)
  await page.getByText('No backups yet').waitFor()
  await button('Back up now').click()
  const row = page
    .getByRole('row')
    .filter({ hasText: 'MiB' })
    .or(page.getByRole('row').filter({ hasText: 'GiB' }))
  await row.getByText('Ready').waitFor()

  const vmid = guestsOf(opened.app, pod.podId)[0]?.vmid ?? 0
  opened.app.sim.control.changeGuest(vmid, { config: { startup: 'order=7' } })
  // A message may lie over it, and stays while the mouse is there.
  await button(/over this CloudPod$/).press('Enter')
  const confirm = dialog().getByRole('button', { name: 'Restore', exact: true })
  expect(await confirm.getAttribute('aria-disabled')).toBe('true')
  await dialog()
    .getByLabel(/to confirm/)
    .fill(hostname)
  await confirm.click()
  await confirm.waitFor({ state: 'hidden' })

  await button('Change schedule').click()
  await dialog().getByLabel('Back this CloudPod up by itself').check()
  await dialog().getByLabel('How often').selectOption('weekly')
  await dialog().getByLabel('Day', { exact: true }).selectOption('Tuesday')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await page.getByText(/Every Tuesday in the hour from 03:00/).waitFor()

  await button(/^Protect the backup/).click()
  await row.getByText('Protected', { exact: true }).waitFor()
  expect(await button(/^Delete the backup/).getAttribute('aria-disabled')).toBe('true')
  // By keyboard: what was just said lies over the buttons for a moment.
  await button(/^End the protection/).press('Enter')
  await row.getByText('Protected', { exact: true }).waitFor({ state: 'hidden' })
  await button(/^Delete the backup/).press('Enter')
  await page.getByText('No backups yet').waitFor()
  expect(guestsOf(opened.app, pod.podId)).toMatchObject([{ power: 'running' }])
  expect(guestsOf(opened.app, pod.podId)[0]?.config.startup).toBeUndefined()
  expect(opened.app.sim.control.backups()).toEqual([])
})
