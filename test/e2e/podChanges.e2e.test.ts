import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod, CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { catalogue } from '../support/api.ts'
import { finished } from '../support/app.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let podId: string
beforeAll(async () => {
  opened = await openApp()
  const { app } = opened
  const tenantId = await app.tenant()
  const { plan, blueprint } = await catalogue(app.admin)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: 'grows', sshKeys: null }
  const { body } = await app.admin.post<{ cloudPod: CloudPod; job: Job }>(
    '/api/admin/hosting/cloudpods',
    order,
  )
  podId = body.cloudPod.id
  await finished(app.admin, body.job.id)
  page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('TENANT_OWNER', tenantId))
}, 120_000)
afterAll(() => opened?.close())

it('a customer resizes a pod, is told beforehand what cannot be, and restarts it to have its new size', async () => {
  const tenant = new URL(page.url()).pathname.split('/')[2]
  await page.goto(`/t/${tenant}/cloudpods/${podId}`)
  await page.getByRole('button', { name: 'Resize', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Resize grows' })
  const submit = dialog.getByRole('button', { name: 'Resize', exact: true })
  expect(await dialog.getByLabel('Cores', { exact: true }).inputValue()).toBe('1')
  expect(await submit.getAttribute('aria-disabled')).toBe('true')

  await dialog.getByLabel('Disk in GiB').fill('10')
  await dialog.getByText('A disk only grows: it has 20 GiB.').first().waitFor()
  expect(await submit.getAttribute('aria-disabled')).toBe('true')

  await dialog.getByLabel('Disk in GiB').fill('30')
  await dialog.getByLabel('Cores', { exact: true }).fill('2')
  await dialog.getByText('A disk only grows').first().waitFor({ state: 'detached' })
  await submit.click()
  await page.getByText('2 cores').waitFor()
  await page.getByText('30 GiB').waitFor()
  await page.getByText('after its next restart').waitFor()

  await page.getByRole('button', { name: 'Reboot', exact: true }).click()
  await page.getByText('after its next restart').waitFor({ state: 'detached' })
}, 120_000)

const placed = async (): Promise<string> =>
  (await opened.app.admin.get<CloudPodDetail>(`/api/admin/hosting/cloudpods/${podId}`)).body.placement
    ?.nodeName ?? ''

let operator: Page
it('an operator moves a pod to a node of their choice, and sees why another one cannot take it', async () => {
  const { app } = opened
  operator = await opened.page()
  await opened.enter(operator, await opened.user('PLATFORM_ADMIN'))
  const from = await placed()
  const [drained, target] = ['pve1', 'pve2', 'pve3'].filter((name) => name !== from)
  await app.admin.post('/api/admin/provisioning/nodes', {
    clusterId: app.clusterId,
    name: drained,
    state: 'drained',
  })
  await operator.goto(`/t/all/cloudpods/${podId}`)
  await operator.getByText(`${from} in simulated`).waitFor()
  await operator.getByRole('button', { name: 'Migrate', exact: true }).click()
  const dialog = operator.getByRole('dialog', { name: 'Migrate grows' })
  await dialog.getByText(`The placement would take ${target} now.`).waitFor()
  expect(await dialog.getByRole('radio', { name: new RegExp(`^${drained}`) }).isDisabled()).toBe(true)
  await dialog.getByText('drained').waitFor()
  await dialog.getByRole('radio', { name: new RegExp(`^${target}`) }).check()
  await dialog.getByRole('button', { name: 'Migrate', exact: true }).click()
  await operator.getByText(`${target} in simulated`).waitFor()
  expect(await placed()).toBe(target)
})

it('an operator empties a node, and sees when it is empty', async () => {
  const name = await placed()
  await operator.goto('/t/all/clusters')
  const card = operator.getByRole('article', { name: `Node ${name}` })
  await card.getByRole('button', { name: 'Move pods away' }).click()
  const dialog = operator.getByRole('dialog', { name: `Move pods away from ${name}` })
  await dialog.getByRole('button', { name: 'Move pods away' }).click()
  await card.getByText('The node is empty.').waitFor()
  expect(await placed()).not.toBe(name)
  await card.getByRole('button', { name: `Done emptying ${name}` }).click()
  await card.getByText('The node is empty.').waitFor({ state: 'detached' })
})
