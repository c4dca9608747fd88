import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, showPod, type Placed } from '../cloudPods/faults.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let vm: Placed
let ct: Placed
beforeAll(async () => {
  opened = await openApp()
  vm = await delivered(opened.app, { kind: 'vm' })
  ct = await delivered(opened.app, { kind: 'ct' })
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await page.addInitScript(`
    window.violations = []
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violations.push(event.violatedDirective + ' ' + event.blockedURI))`)
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const violations = (): Promise<unknown> => page.evaluate('window.violations')
const button = (name: string) => page.getByRole('button', { name, exact: true })
const connected = () => page.getByText(/^Connected\./).waitFor()

/** The picture on the canvas, as a number that changes with each dot; and how many dots are not of the paper’s colour. */
const picture = (): Promise<{ sum: number; ink: number }> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('canvas')
    const data = canvas?.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data ?? []
    let [sum, ink] = [0, 0]
    for (let at = 0; at < data.length; at += 4) {
      sum = (sum * 31 + data[at]) % 1_000_000_007
      if (data[at] > 0x80) ink += 1
    }
    return { sum, ink }
  })()`)

async function changesAfter(deed: () => Promise<void>): Promise<void> {
  const before = await picture()
  await deed()
  await expect.poll(async () => (await picture()).sum, { timeout: 15_000 }).not.toBe(before.sum)
}

it('the screen of a virtual machine is drawn, follows the keys and pasted text, fits its frame, and connects again', async () => {
  await page.goto(`/t/all/cloudpods/${vm.podId}`)
  await page.getByRole('link', { name: 'Console', exact: true }).click()
  await connected()
  await expect.poll(async () => (await picture()).ink, { timeout: 15_000 }).toBeGreaterThan(500)
  await changesAfter(() => page.keyboard.press('x'))
  await changesAfter(async () => {
    await button('Paste text').click()
    await page.getByLabel('Text', { exact: true }).fill('Some text')
    await button('Type it').click()
  })
  await button('Ctrl-Alt-Del').click()
  const frame = await page.getByRole('region', { name: /^Console of/ }).boundingBox()
  const screen = await page.locator('canvas').first().boundingBox()
  expect(screen?.width).toBeGreaterThan(300)
  expect(screen?.width).toBeLessThanOrEqual(frame?.width ?? 0)
  expect(screen?.height).toBeLessThanOrEqual(frame?.height ?? 0)
  await page.getByRole('application').focus()
  await page.keyboard.press('Shift+Escape')
  expect(await page.evaluate('document.activeElement.textContent')).toContain('Ctrl-Alt-Del')

  opened.app.sim.control.changeGuest(vm.vmid, { power: 'stopped' })
  await page.getByText('The console has ended').waitFor()
  opened.app.sim.control.changeGuest(vm.vmid, { power: 'running' })
  await button('Connect again').click()
  await connected()
  await changesAfter(() => page.keyboard.press('y'))
  expect(await violations()).toEqual([])
})

it('the terminal of a container answers what is typed and pasted, takes the size of its frame, and says why it ended', async () => {
  await page.goto(`/t/all/cloudpods/${ct.podId}/console`)
  await connected()
  const rows = page.locator('.xterm-rows')
  await rows.getByText(':~#').first().waitFor()
  await page.keyboard.type('echo typed-$here')
  await page.keyboard.press('Enter')
  await rows.getByText('typed-$here', { exact: true }).waitFor()
  await button('Paste text').click()
  await page.getByLabel('Text', { exact: true }).fill('hostname')
  await button('Type it').click()
  await page.keyboard.press('Enter')
  await rows.getByText(ct.order.hostname, { exact: true }).waitFor()
  // As many letters as fit, in rows of one height: the styles of the terminal have come through.
  const lines = await rows.locator('> div').count()
  expect(lines).toBeGreaterThan(15)
  await page.keyboard.type('stty size')
  await page.keyboard.press('Enter')
  await rows.getByText(new RegExp(`^${lines} \\d+$`)).waitFor()
  const font = await page.evaluate('getComputedStyle(document.querySelector(".xterm-rows")).fontFamily')
  expect(font).toContain('monospace')
  await page.keyboard.type('exit')
  await page.keyboard.press('Enter')
  await page.getByText('The CloudPod ended the console').waitFor()
  expect(await violations()).toEqual([])
})

it('a pod that is off has no console, and both places say so, also where the stop fell between the page and its stream', async () => {
  const { admin } = opened.app
  const stopped = Promise.withResolvers<void>()
  await page.route('**/provisioning/events*', async (route) => {
    await stopped.promise
    await route.continue()
  })
  await page.goto(`/t/all/cloudpods/${ct.podId}/console`)
  await button('Paste text').waitFor()
  await admin.post(`/api/admin/hosting/cloudpods/${ct.podId}/stop`)
  await expect
    .poll(async () => (await showPod(opened.app, ct.podId)).powerState, { timeout: 15_000 })
    .toBe('stopped')
  stopped.resolve()
  await page.getByText('There is no console now').waitFor()
  await page.unroute('**/provisioning/events*')
  await page.goto(`/t/all/cloudpods/${ct.podId}`)
  await expect.poll(() => button('Console').getAttribute('aria-disabled'), { timeout: 15_000 }).toBe('true')
})
