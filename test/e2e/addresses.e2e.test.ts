import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { catalogue } from '../support/api.ts'
import { finished } from '../support/app.ts'
import { poolOf6 } from '../support/pools.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let podId: string
beforeAll(async () => {
  opened = await openApp()
  const { app } = opened
  const { plan, blueprint } = await catalogue(app.admin)
  const order = {
    tenantId: await app.tenant(),
    planId: plan.id,
    blueprintId: blueprint.id,
    hostname: 'reachable',
  }
  const { body } = await app.admin.post<{ cloudPod: CloudPod; job: Job }>(
    '/api/admin/hosting/cloudpods',
    order,
  )
  podId = body.cloudPod.id
  await finished(app.admin, body.job.id)
  await poolOf6(app)
  page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('PLATFORM_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

it('an operator gives a pod an IPv6 address, names it for the reverse zone and takes it off again', async () => {
  await page.goto(`/t/all/cloudpods/${podId}?tab=network`)
  await page.getByRole('button', { name: 'Add address' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add an address' })
  await dialog.getByRole('radio', { name: /^A free IPv6/ }).check()
  await dialog.getByRole('button', { name: 'Add address' }).click()
  const row = page.getByRole('row').filter({ hasText: '2001:db8:1::1/64' })
  await row.getByText('Assigned').waitFor()

  await row.getByRole('button', { name: 'Change the reverse name' }).click()
  const naming = page.getByRole('dialog', { name: 'Reverse name of 2001:db8:1::1' })
  await naming.getByLabel('Name').fill('nonsense')
  await naming.getByRole('button', { name: 'Save' }).click()
  await naming.getByText('a full name such as').first().waitFor()
  await naming.getByLabel('Name').fill('Mail.example.com.')
  await naming.getByRole('button', { name: 'Save' }).click()
  await row.getByText('mail.example.com').last().waitFor()

  const primary = page.getByRole('row').filter({ hasText: 'Made with it' })
  expect(await primary.getByRole('button', { name: /^Release/ }).getAttribute('aria-disabled')).toBe('true')
  await row.getByRole('button', { name: 'Release' }).click()
  await row.waitFor({ state: 'detached' })
})
