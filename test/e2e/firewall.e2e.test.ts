import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { catalogue } from '../support/api.ts'
import { finished } from '../support/app.ts'
import { guestsOf } from '../support/harnessWorld.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let podId: string
beforeAll(async () => {
  opened = await openApp()
  const { app } = opened
  const tenantId = await app.tenant()
  const { plan, blueprint } = await catalogue(app.admin)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: 'closed', sshKeys: null }
  const { body } = await app.admin.post<{ cloudPod: CloudPod; job: Job }>(
    '/api/admin/hosting/cloudpods',
    order,
  )
  podId = body.cloudPod.id
  await finished(app.admin, body.job.id)
  page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('TENANT_ADMIN', tenantId))
}, 120_000)
afterAll(() => opened?.close())

it('a customer writes a security group and puts a pod under it, whose guest has its rule then', async () => {
  const tenant = new URL(page.url()).pathname.split('/')[2]
  await page.goto(`/t/${tenant}/security-groups/new`)
  await page.getByLabel('Name', { exact: true }).fill('Web only')
  await page.getByRole('button', { name: 'Add a rule' }).click()
  const rule = page.getByRole('group', { name: 'Rule 1' })
  await rule.getByLabel('Ports').fill('80, 443')
  await rule.getByLabel('Comment').fill('the shop')
  await page.getByRole('button', { name: 'Create security group' }).click()
  await page.getByRole('link', { name: 'Web only' }).waitFor()

  await page.goto(`/t/${tenant}/cloudpods/${podId}?tab=network`)
  await page.getByRole('button', { name: 'Change groups' }).click()
  const dialog = page.getByRole('dialog', { name: 'Security groups' })
  await dialog.getByLabel('Web only (1 rule)').check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('the shop').waitFor()
  await page.getByText('is dropped').waitFor()
  await page.getByText('Not yet').waitFor({ state: 'detached' })
  expect(guestsOf(opened.app, podId)[0]?.firewall?.rules).toEqual([
    { type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '80,443', comment: 'the shop', enable: '1' },
  ])
})
