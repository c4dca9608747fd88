import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createClient,
  MPanelError,
  MPanelUnreachable,
  OPERATIONS,
  type JobDetail,
  type MPanel,
} from '../../packages/client/src/index.ts'
import { CLIENT_TYPES, clientTypes, type OpenApi } from '../../scripts/clientTypes.ts'
import * as userService from '../../src/services/userService.ts'
import { ROOT } from '../rules/tree.ts'
import { prepareOrder } from '../support/api.ts'
import { freePort } from '../start/process.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { faultyLine, type Faulty } from './faults.ts'

const run = promisify(execFile)

let app: TestApp
let line: Faulty
let tenantId = ''
let apiKey = ''
let mpanel: MPanel
beforeAll(async () => {
  app = await startApp()
  tenantId = await app.tenant()
  apiKey = (
    await app.as((ctx) =>
      userService.createApiKey(ctx, {
        email: 'admin@example.com',
        name: 'client',
        scopes: [],
        tenantId: null,
        days: 1,
      }),
    )
  ).token
  line = await faultyLine(app.url)
  mpanel = createClient({ url: line.url, credential: { apiKey } })
})
afterAll(async () => {
  await line.close()
  await app.close()
})

const customer = (name: string) => ({ tenantId, name, email: 'ada@example.com' })
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

it('the client knows every operation of the OpenAPI document as it is now', async () => {
  const document = (await app.admin.get<OpenApi>('/api/openapi.json')).body
  const now = await readFile(CLIENT_TYPES, 'utf8')
  expect(now === (await clientTypes(document)), 'run npm run client:types').toBe(true)
  expect(Object.keys(OPERATIONS).length).toBeGreaterThan(400)
})

describe('what is repeated', () => {
  it('reads and POSTs are repeated after lost answers, with one effect', async () => {
    line.next({ status: 503 }, 'cut')
    expect((await mpanel.listTenants()).items.length).toBeGreaterThan(0)
    expect(line.seen.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET'])

    line.next('cut', { status: 504 })
    const made = await mpanel.createCustomer({ body: customer('Once Only') })
    const keys = line.seen.map(({ key }) => key)
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
    const named = await mpanel.listCustomers({ query: { tenantId, q: 'Once Only' } })
    expect(named.items.map(({ id }) => id)).toEqual([made.id])
  })

  it('a change that knows no key is repeated only where nothing was done, and after as long as was asked', async () => {
    const made = await mpanel.createCustomer({ body: customer('Ada Example') })
    const change = { path: { id: made.id }, body: { name: 'Ada B. Example' } }
    line.next('cut')
    expect(await refusal(mpanel.updateCustomer(change))).toBeInstanceOf(MPanelUnreachable)
    expect(line.seen).toHaveLength(1)

    line.next({ status: 429, headers: { 'retry-after': '1' } })
    const begun = Date.now()
    expect((await mpanel.updateCustomer(change)).name).toBe('Ada B. Example')
    expect(Date.now() - begun).toBeGreaterThanOrEqual(990)
    expect(line.seen).toHaveLength(2)

    line.next({ status: 429, headers: { 'retry-after': '3600' } })
    expect(await refusal(mpanel.getMe())).toMatchObject({ status: 429, code: 'unexpected_answer' })
    expect(line.seen).toHaveLength(1)
  })

  it('gives up in the end, and stops when it is told to', async () => {
    const impatient = createClient({ url: line.url, credential: { apiKey }, retries: 1 })
    line.next({ status: 503 }, { status: 503 })
    expect(await refusal(impatient.getMe())).toMatchObject({ status: 503 })
    expect(line.seen).toHaveLength(2)
    const stop = AbortSignal.abort(new Error('enough'))
    expect(await refusal(mpanel.getMe({ signal: stop }))).toMatchObject({ message: 'enough' })
    const nowhere = createClient({
      url: `http://127.0.0.1:${await freePort()}`,
      credential: null,
      retries: 0,
    })
    expect(await refusal(nowhere.healthz())).toMatchObject({
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })
})

it('versions come with every answer, and a change on an old one is refused with code and request id', async () => {
  const made = await mpanel.createCustomer({ body: customer('Vera Example') })
  const { version, requestId, data } = await mpanel.answer.getCustomer({ path: { id: made.id } })
  expect(version).toBe(data.version)
  const path = { id: made.id }
  await mpanel.updateCustomer({ path, body: { name: 'Vera First' }, ifMatch: data.version })
  const late = await refusal(mpanel.updateCustomer({ path, body: { name: 'V' }, ifMatch: data.version }))
  expect(late).toBeInstanceOf(MPanelError)
  expect(late).toMatchObject({ status: 412, code: 'precondition_failed' })
  expect((late as MPanelError).requestId).not.toBe(requestId)

  const wrong = await refusal(mpanel.createCustomer({ body: { ...customer(''), email: 'no' } }))
  expect((wrong as MPanelError).errors.map((error) => error.path).toSorted()).toEqual(['email', 'name'])
})

it('a list is gone through page by page, and files come as what they are', async () => {
  const names = ['Page One', 'Page Two', 'Page Three']
  for (const name of names) await mpanel.createCustomer({ body: customer(name) })
  const found: string[] = []
  line.next()
  for await (const { name } of mpanel.all.listCustomers({ query: { tenantId, q: 'Page', limit: 2 } }))
    found.push(name)
  expect(found.toSorted()).toEqual(names.toSorted())
  expect(line.seen).toHaveLength(2)
  expect(await mpanel.getCustomerImportTemplate({ path: { id: tenantId } })).toContain('email')
  expect(await refusal(mpanel.getCustomer({ path: { id: '' } }))).toMatchObject({
    message: 'path.id is missing',
  })
})

it('a job is waited for by the live view, and by looking where there is none', async () => {
  const order = await prepareOrder(app.admin, tenantId)
  const { subscription, invoice } = await mpanel.createSubscription({ body: order })
  const total = invoice?.total
  await mpanel.recordPayment({
    path: { id: invoice?.id ?? '' },
    body: { amountMinor: total?.amount ?? '', currency: 'EUR', reference: 'by transfer' },
  })
  const jobs = await mpanel.listJobs({ query: { tenantId, kind: 'cloudPod.create' } })
  const id = jobs.items[0]?.id ?? ''
  // Through the line, which hands on no stream; and straight.
  const direct = createClient({ url: app.url, credential: { apiKey } })
  const seen: JobDetail[] = []
  const onProgress = (job: JobDetail): void => void seen.push(job)
  const noStream: typeof fetch = (input, init) =>
    typeof input === 'string' && input.endsWith('/events')
      ? Promise.reject(new Error('no stream'))
      : fetch(input, init)
  const polling = createClient({ url: app.url, credential: { apiKey }, fetch: noStream })
  const both = await Promise.all([direct.jobs.wait(id, { onProgress }), polling.jobs.wait(id)])
  expect(both.map(({ state }) => state)).toEqual(['succeeded', 'succeeded'])
  expect(seen.length).toBeGreaterThan(1)
  expect((await mpanel.getSubscription({ path: { id: subscription.id } })).state).toBe('active')
})

it('the package stands alone: packed, installed, its examples compile and run against a server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mpanel-client-'))
  try {
    const home = join(ROOT, 'packages/client')
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: home })
    const installed = join(folder, 'node_modules/@mpanel/client')
    await mkdir(installed, { recursive: true })
    await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', installed, '--strip-components=1'])
    await cp(join(home, 'examples'), join(folder, 'examples'), { recursive: true })
    await mkdir(join(folder, 'node_modules/@types'))
    await symlink(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'))
    await symlink(join(ROOT, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
    const files = ['examples/order-a-pod.ts', 'examples/change-safely.ts']
    await run(join(ROOT, 'node_modules/.bin/tsc'), [...strict, ...files], { cwd: folder })

    const env = { ...process.env, MPANEL_URL: app.url, MPANEL_API_KEY: apiKey }
    const example = (name: string, ...args: string[]) =>
      run(process.execPath, [join(folder, `examples/${name}`), ...args], { env })
    const own = await app.tenant()
    const made = await mpanel.createCustomer({ body: { ...customer('Example'), tenantId: own } })
    const ordered = await example('order-a-pod.ts', made.id, 'example-pod')
    expect(ordered.stdout).toContain('example-pod: succeeded')
    const changed = await example('change-safely.ts', own, 'web')
    expect(changed.stdout).toContain('example-pod: web')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
