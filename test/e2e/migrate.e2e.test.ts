import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod, CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { catalogue } from '../support/api.ts'
import { finished } from '../support/app.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

const PODS = '/api/admin/hosting/cloudpods'

let opened: OpenApp
let page: Page
let podId: string
beforeAll(async () => {
  opened = await openApp()
  const { app } = opened
  const tenantId = await app.tenant()
  const { plan, blueprint } = await catalogue(app.admin)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: 'wanders', sshKeys: null }
  const { body } = await app.admin.post<{ cloudPod: CloudPod; job: Job }>(PODS, order)
  podId = body.cloudPod.id
  await finished(app.admin, body.job.id)
  page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('PLATFORM_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const nodeOf = async (): Promise<string | undefined> =>
  (await opened.app.admin.get<CloudPodDetail>(`${PODS}/${podId}`)).body.placement?.nodeName

it('an operator moves a pod to a node of their choice, and sees why another one cannot take it', async () => {
  const { app } = opened
  const from = (await nodeOf()) ?? ''
  const [drained, target] = ['pve1', 'pve2', 'pve3'].filter((name) => name !== from)
  await app.admin.post('/api/admin/provisioning/nodes', {
    clusterId: app.clusterId,
    name: drained,
    state: 'drained',
  })
  await page.goto(`/t/all/cloudpods/${podId}`)
  await page.getByText(`${from} in simulated`).waitFor()
  await page.getByRole('button', { name: 'Migrate', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Migrate wanders' })
  await dialog.getByText(`The placement would take ${target} now.`).waitFor()
  expect(await dialog.getByRole('radio', { name: new RegExp(`^${drained}`) }).isDisabled()).toBe(true)
  await dialog.getByText('drained').waitFor()
  await dialog.getByRole('radio', { name: new RegExp(`^${target}`) }).check()
  await dialog.getByRole('button', { name: 'Migrate', exact: true }).click()
  await page.getByText(`${target} in simulated`).waitFor()
  expect(await nodeOf()).toBe(target)
}, 60_000)

it('an operator empties a node, and sees when it is empty', async () => {
  const name = (await nodeOf()) ?? ''
  await page.goto('/t/all/clusters')
  const card = page.getByRole('article', { name: `Node ${name}` })
  await card.getByRole('button', { name: 'Move pods away' }).click()
  const dialog = page.getByRole('dialog', { name: `Move pods away from ${name}` })
  await dialog.getByRole('button', { name: 'Move pods away' }).click()
  await card.getByText('The node is empty.').waitFor()
  expect(await nodeOf()).not.toBe(name)
  await card.getByRole('button', { name: `Done emptying ${name}` }).click()
  await card.getByText('The node is empty.').waitFor({ state: 'detached' })
}, 60_000)
