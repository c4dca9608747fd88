import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, showPod, type Placed } from '../cloudPods/faults.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let pod: Placed
beforeAll(async () => {
  opened = await openApp()
  // Raw files have no snapshots, a block storage has.
  await rowsOf(opened.app, sql`update nodes set storage = 'local-lvm'`)
  pod = await delivered(opened.app)
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const button = (name: string) => page.getByRole('button', { name, exact: true })
// Not the note that something was done, which is one as well.
const dialog = () => page.locator('[role=dialog]:not([aria-modal=false])')

it('a snapshot is taken, rolled back to after its pod’s name was typed, and deleted, and the page follows by itself', async () => {
  const { hostname } = await showPod(opened.app, pod.podId)
  await page.goto(`/t/all/cloudpods/${pod.podId}?tab=snapshots`)
  await page.getByText('No snapshots yet').waitFor()
  await button('New snapshot').click()
  await dialog().getByLabel('Name').fill('Before the update')
  await dialog().getByRole('button', { name: 'Take snapshot' }).click()
  const row = page.getByRole('row').filter({ hasText: 'Before the update' })
  await row.getByText('Ready').waitFor()

  const vmid = guestsOf(opened.app, pod.podId)[0]?.vmid ?? 0
  opened.app.sim.control.changeGuest(vmid, { config: { memory: '3333' } })
  await button('Roll back to Before the update').click()
  const confirm = dialog().getByRole('button', { name: 'Roll back', exact: true })
  expect(await confirm.getAttribute('aria-disabled')).toBe('true')
  await dialog()
    .getByLabel(/to confirm/)
    .fill(hostname)
  await confirm.click()
  await confirm.waitFor({ state: 'hidden' })

  await button('Delete Before the update').click()
  await page.getByText('No snapshots yet').waitFor()
  expect(guestsOf(opened.app, pod.podId)).toMatchObject([{ power: 'running', snapshots: [] }])
  expect(guestsOf(opened.app, pod.podId)[0]?.config.memory).not.toBe('3333')
})
