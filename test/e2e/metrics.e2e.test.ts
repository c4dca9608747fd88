import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, type Placed } from '../cloudPods/faults.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let pod: Placed
beforeAll(async () => {
  opened = await openApp()
  pod = await delivered(opened.app)
  opened.app.sim.control.changeGuest(pod.vmid, { startedAt: Math.floor(Date.now() / 1000) - 1_800 })
  await rowsOf(opened.app, sql`update cloud_pods set created_at = now() - interval '1 day'`)
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

it('figures are read by keyboard, by pointing and in a table, and the time frame stays in the address', async () => {
  await page.goto(`/t/all/cloudpods/${pod.podId}?tab=metrics`)
  const slider = page.getByRole('slider', { name: /Processor/ })
  await slider.waitFor()
  expect(await page.getByRole('slider').count()).toBe(4)
  expect(await slider.getAttribute('aria-valuetext')).toContain('Used 1 %')
  await slider.focus()
  await page.keyboard.press('Home')
  await expect.poll(() => slider.getAttribute('aria-valuetext')).toContain('Used not measured')
  await page.keyboard.press('End')
  await slider.hover({ position: { x: 3, y: 20 } })
  await expect.poll(() => slider.getAttribute('aria-valuetext')).toContain('Used not measured')
  await page.getByText('As a table').first().click()
  expect(await page.getByRole('row').count()).toBe(61)
  await page.getByLabel('Time frame').selectOption('day')
  await expect.poll(() => page.url()).toContain('timeframe=day')
  await expect.poll(() => page.getByRole('row').count()).toBe(49)
  await page.reload()
  await slider.waitFor()
  expect(await page.getByLabel('Time frame').inputValue()).toBe('day')
})

it('a cluster that does not answer is said so, and asked again when one wishes', async () => {
  opened.app.sim.control.addFault({ path: 'rrddata', status: 595, times: 1 })
  await page.goto(`/t/all/cloudpods/${pod.podId}?tab=metrics&timeframe=hour`)
  await page.getByText('does not answer').waitFor()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('slider').first().waitFor()
})
