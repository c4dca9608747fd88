import { mkdirSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import type { BuiltinRole } from '../../shared/permissions.ts'
import { buildPages } from '../../src/buildPages.ts'
import { newId } from '../../src/lib/ids.ts'
import * as userService from '../../src/services/userService.ts'
import { startApp, type TestApp } from '../support/app.ts'

const PASSWORD = 'a password for the browser tests'
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export type Credentials = { email: string; password: string }
export type OpenApp = {
  app: TestApp
  /** A page of a browser profile of its own, not logged in. */
  page(options?: BrowserContextOptions): Promise<Page>
  /** A new user with one role. */
  user(role: BuiltinRole, tenantId?: string | null): Promise<Credentials>
  /** Logs in without the log-in page; the page then goes where it likes. */
  enter(page: Page, who: Credentials): Promise<void>
  close(): Promise<void>
}

/** The whole application with its built pages, and a real browser in front of it. */
export async function openApp(env: Record<string, string> = {}): Promise<OpenApp> {
  await buildOnce()
  const app = await startApp({ env })
  const browser: Browser = await chromium.launch({
    executablePath: process.env['MPANEL_TEST_CHROMIUM'] ?? '/usr/bin/chromium-headless-shell',
    args: ARGS,
  })
  return {
    app,
    page: async (options) => {
      // Nothing is told by a movement, and each one keeps a click waiting for its end.
      const still = { baseURL: app.url, locale: 'en-GB', reducedMotion: 'reduce' } as const
      const context = await browser.newContext({ ...still, ...options })
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      return page
    },
    user: async (role, tenantId = null) => {
      const email = `${role.toLowerCase()}-${newId().slice(-12)}@example.com`
      await app.as((ctx) =>
        userService.createUser(ctx, { email, name: email, password: PASSWORD, role, tenantId }),
      )
      return { email, password: PASSWORD }
    },
    enter: async (page, data) => {
      const headers = { origin: app.url }
      const answer = await page.request.post('/api/auth/login', { data, headers })
      if (!answer.ok()) throw new Error(`no log-in: ${answer.status()} ${await answer.text()}`)
    },
    close: async () => {
      await browser.close()
      await app.close()
    },
  }
}

/** Fills in the log-in page, and follows to where a granted log-in leads. */
export async function logIn(page: Page, { email, password }: Credentials): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  const answered = page.waitForResponse('**/api/auth/login')
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  if ((await answered).ok()) await page.waitForURL(({ pathname }) => pathname !== '/login')
}

const LOCK = join(tmpdir(), 'mpanel-build-pages')

/** Test files run beside each other: one builds, the others wait for it. */
async function buildOnce(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      mkdirSync(LOCK)
      break
    } catch (error) {
      // A killed run leaves the lock behind; a build takes seconds, not minutes.
      if (attempt > 300) throw error
      await sleep(100)
    }
  }
  try {
    await buildPages(() => {})
  } finally {
    rmdirSync(LOCK)
  }
}
