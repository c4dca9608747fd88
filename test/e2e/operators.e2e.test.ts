import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CLONE, orderAndPay, showJob } from '../cloudPods/faults.ts'
import { until } from '../support/app.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

/** A folder for pictures, for people to look at. */
const PICTURES = process.env['MPANEL_TEST_PICTURES']
const picture = async (name: string): Promise<void> => {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' })
const inDialog = (name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true })
const state = (wanted: string, jobId: string) =>
  until(async () => (await showJob(opened.app, jobId)).state === wanted, `the job to be ${wanted}`, 30_000)

/** A creation whose clone fails in some way for as long as nobody mends it. */
async function failing(fault: { status: number }): Promise<string> {
  opened.app.sim.control.addFault({ method: 'POST', path: CLONE, times: 1_000, ...fault })
  const { jobId } = await orderAndPay(opened.app)
  return jobId
}

it('a job that failed shows what it would do, and is let go on from the failed step once its cause is mended', async () => {
  const jobId = await failing({ status: 596 })
  await state('stuck', jobId)
  await page.goto(`/t/all/jobs/${jobId}`)
  await page.getByText('Stopped: it goes on when somebody').waitFor()
  await picture('job-stuck')
  opened.app.sim.control.clearFaults()
  await button('What would it do?').click()
  const plan = page.getByRole('dialog')
  await plan.getByText('It would succeed').waitFor()
  await plan.getByText(/POST \/nodes\/\w+\/qemu\/\d+\/clone/).waitFor()
  await picture('job-plan')
  await page.keyboard.press('Escape')
  await button('Go on from the failed step').click()
  await state('succeeded', jobId)
  await page.getByText('Succeeded').first().waitFor()
})

it('a step is settled by hand with a reason; a wrong word is found out by the steps behind it', async () => {
  const jobId = await failing({ status: 596 })
  await state('stuck', jobId)
  await page.goto(`/t/all/jobs/${jobId}`)
  await button('Settle the step by hand').click()
  await page.getByRole('dialog').getByText('It is not needed').click()
  await page.getByRole('dialog').getByLabel('Reason').fill('tried out')
  await picture('job-settle')
  opened.app.sim.control.clearFaults()
  await inDialog('Go on behind the step').click()
  await state('failed', jobId)
  await page
    .getByText(/skipped by .*: tried out/)
    .first()
    .waitFor()
  await picture('job-settled')
})

it('a job that waits gets another priority, and one that is tried again and again is cancelled', async () => {
  const { admin } = opened.app
  const kind = { what: 'kind', which: 'cloudPod.create' }
  await admin.post('/api/admin/provisioning/queues/pause', { ...kind, reason: 'a test' })
  const jobId = await failing({ status: 595 })
  await page.goto(`/t/all/jobs/${jobId}`)
  await button('Priority').click()
  await page.getByRole('dialog').getByLabel('Priority').fill('20')
  await inDialog('Change').click()
  await until(async () => (await showJob(opened.app, jobId)).priority === 20, 'the priority')
  await admin.post('/api/admin/provisioning/queues/resume', kind)
  await until(async () => (await showJob(opened.app, jobId)).waitingFor !== null, 'the job to wait')
  await button('Cancel the job').click()
  await page.getByRole('dialog').getByLabel('Reason').fill('the customer changed her mind')
  await inDialog('Cancel the job').click()
  await state('cancelled', jobId)
  opened.app.sim.control.clearFaults()
  await page.getByText('It was cancelled: the customer changed her mind').first().waitFor()
  await picture('job-cancelled')
})

it('everything is stopped in an emergency, orders wait meanwhile, and it goes on', async () => {
  await page.goto('/t/all/queues')
  await button('Emergency stop').click()
  await page.getByRole('dialog').getByLabel('Reason').fill('the storage burns')
  await picture('emergency-stop')
  await inDialog('Stop everything').click()
  await page.getByText('All automation is stopped').waitFor()
  const { jobId } = await orderAndPay(opened.app)
  await page.reload()
  await page.getByText('the storage burns').waitFor()
  await picture('stopped')
  expect((await showJob(opened.app, jobId)).state).toBe('ready')
  await button('Start everything again').click()
  await inDialog('Start everything again').click()
  await state('succeeded', jobId)
})

it('a queue is paused and resumed, limits are changed, workers and timers are seen', async () => {
  await page.goto('/t/all/queues')
  await button('Pause the queue SSL').click()
  await page.getByRole('dialog').getByLabel('Reason').fill('the CA is down')
  await inDialog('Pause').click()
  await page.locator('main').getByText('The queue SSL is paused').waitFor()
  await picture('queues')
  await button('Resume the queue SSL').click()
  await page.locator('main').getByText('The queue SSL is paused').waitFor({ state: 'detached' })
  await page.getByRole('tab', { name: 'Limits' }).click()
  await button(/^Change clones: each/).click()
  await page.getByRole('dialog').getByLabel('Jobs at once').fill('7')
  await inDialog('Change').click()
  await page.getByRole('row', { name: /Clones: each of the others 0 7/ }).waitFor()
  await picture('limits')
  await page.getByRole('tab', { name: 'Workers' }).click()
  await page.getByText(`process ${process.pid}`).waitFor()
  await picture('workers')
  await page.getByRole('tab', { name: 'Timers' }).click()
  await page.getByRole('row', { name: /Clusters sync/ }).waitFor()
  await picture('timers')
})
