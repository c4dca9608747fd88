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

const compare = async () => {
  await page.goto('/t/all/clusters')
  await page.getByRole('button', { name: 'Compare now' }).click()
  await page.getByRole('heading', { level: 1, name: 'Compare cluster' }).waitFor()
  await page.getByText('Succeeded').first().waitFor()
}

it('a guest that somebody renamed is shown on its pod and in the list, repaired there, and gone from both', async () => {
  const { hostname } = await showPod(opened.app, pod.podId)
  const [guest] = guestsOf(opened.app, pod.podId)
  opened.app.sim.control.changeGuest(guest?.vmid ?? 0, { config: { name: 'renamed-by-hand' } })
  await compare()

  await page.goto(`/t/all/cloudpods/${pod.podId}`)
  await page.getByText('name renamed-by-hand; expected: name').waitFor()
  await page.getByRole('link', { name: 'Decide' }).click()
  await page.getByRole('heading', { level: 1, name: 'Findings' }).waitFor()
  await page.getByRole('button', { name: /^Decide about renamed-by-hand/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('A pod keeps its host name.').waitFor()
  await dialog.getByLabel('Repair').check()
  await dialog.getByLabel('Reason').fill('Nobody agreed to that name.')
  await dialog.getByRole('button', { name: 'Repair' }).click()
  await page.getByText('A job repairs it').waitFor()
  await page.goto('/t/all/findings')
  await page.getByRole('link', { name: 'Its job' }).click()
  await page.getByText('Succeeded').first().waitFor()
  expect(guestsOf(opened.app, pod.podId)[0]?.config.name).toBe(hostname)

  await compare()
  await page.goto('/t/all/findings?state=open')
  await page.getByText('No finding matches.').waitFor()
  await page.goto(`/t/all/cloudpods/${pod.podId}`)
  await page.getByText('Addresses').waitFor()
  expect(await page.getByRole('link', { name: 'Decide' }).count()).toBe(0)
})
