import { gunzipSync } from 'node:zlib'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, type Placed } from '../cloudPods/faults.ts'
import { PNG } from '../rules/casesTenants.ts'
import { guestsOf } from '../support/harnessWorld.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let placed: Placed
let name: string
beforeAll(async () => {
  opened = await openApp()
  placed = await delivered(opened.app)
  const path = `/api/admin/tenants/${placed.tenantId}`
  await opened.app.admin.call('PATCH', `${path}/settings`, { 'tenants.coolingOffDays': 0 })
  name = (await opened.app.admin.get<{ name: string }>(path)).body.name
  page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

/** Runs in the page. A string would only be read there as an expression: a function, never called. */
const widthOf = (image: { decode(): Promise<void>; naturalWidth: number }): Promise<number> =>
  image.decode().then(() => image.naturalWidth)

const show = (tab: string) => page.goto(`/t/all/tenants/${placed.tenantId}?tab=${tab}`)

it('a logo is uploaded, shown on both grounds, and removed', async () => {
  const file = join(tmpdir(), `mpanel-logo-${process.pid}.png`)
  await writeFile(file, Buffer.from(PNG, 'base64'))
  await show('settings')
  await page.getByText('The tenant has no logo.').waitFor()
  await page.getByLabel('Logo file').setInputFiles(file)
  for (const theme of ['light', 'dark']) {
    const picture = page.getByAltText(`The logo in the ${theme} theme`)
    await picture.waitFor()
    expect(await picture.evaluate(widthOf)).toBe(1)
  }
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByText('The tenant has no logo.').waitFor()
})

it('an operator exports everything of a tenant and downloads the file', async () => {
  await show('export')
  await page.getByText('No exports').waitFor()
  await page.getByRole('button', { name: 'Export everything' }).click()
  await page.getByText('Ready', { exact: true }).waitFor()
  const started = page.waitForEvent('download')
  await page.getByRole('button', { name: /^Download the export/ }).click()
  const download = await started
  expect(download.suggestedFilename()).toMatch(/\.jsonl\.gz$/)
  const lines = gunzipSync(await readFile(await download.path()))
    .toString('utf8')
    .split('\n')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ type: 'header', tenantId: placed.tenantId })
})

it('an operator looks at what closing destroys, types the name, follows it and downloads the proof', async () => {
  await show('close')
  const closing = page.getByRole('button', { name: 'Close the tenant' })
  expect(await closing.first().getAttribute('aria-disabled')).toBe('true')
  await page.getByRole('button', { name: 'List what would be destroyed' }).click()
  await page.getByRole('cell', { name: placed.order.hostname }).waitFor()
  await page.getByText('There is no cooling-off').waitFor()
  await closing.first().click()
  const dialog = page.getByRole('dialog', { name: 'Close the tenant' })
  await dialog.getByLabel('Reason').fill('the contract has ended')
  const submit = dialog.getByRole('button', { name: 'Close the tenant' })
  expect(await submit.getAttribute('aria-disabled')).toBe('true')
  await dialog.getByLabel(`Type ${name} to confirm`).fill(name)
  await submit.click()
  const proof = page.getByRole('button', { name: 'Proof of deletion' })
  await proof.waitFor({ timeout: 60_000 })
  expect(guestsOf(opened.app, placed.podId)).toEqual([])
  const started = page.waitForEvent('download')
  await proof.click()
  const text = await readFile(await (await started).path(), 'utf8')
  expect(JSON.parse(text)).toMatchObject({ algorithm: 'Ed25519', document: { tenant: { name } } })
  await page.goto(`/t/all/tenants?state=closed`)
  await page.getByRole('link', { name }).waitFor()
}, 120_000)
