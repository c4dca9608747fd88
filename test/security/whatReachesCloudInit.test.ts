import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostname, sshKeys } from '../../shared/api/billing.ts'
import type { CloudPod, CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { catalogue } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ2pDmVbkpQVNAJXBHZ7sAjnfzcXIoJ4UGQ6dSpnGSZ'
const isKeys = (text: string): boolean => sshKeys.safeParse(text).success
const isName = (text: string): boolean => hostname.safeParse(text).success

/** What would change an unquoted scalar of a YAML list, or begin something else than it. */
const MEANS_SOMETHING = /: |:$| #|[^\P{Cc}\n]|\p{Zl}|\p{Zp}|\u00a0|^[-?:,[\]{}#&*!|>'"%@`]/mu

describe('nothing gets from a request into cloud-init but host names and keys:', () => {
  test.each([
    '-oProxyCommand=id',
    '$(id)',
    'a;id',
    'web\nruncmd: [id]',
    'web: x',
    'web #',
    'wéb',
    'WEB',
    '.',
    'a..b',
    'a'.repeat(64),
    '{{ ds.meta_data }}',
    '#cloud-config',
  ])('%j is no host name', (text) => expect(isName(text)).toBe(false))

  test.each([
    `${KEY}\nruncmd:\n - id`,
    `${KEY}\r\nruncmd: x`,
    `${KEY} a: b`,
    `${KEY} a:`,
    `${KEY} #cloud-config`,
    `${KEY} {{ jinja }}`,
    `${KEY} "quoted"`,
    `${KEY} a\u2028runcmd: x`,
    `${KEY} a\u0085b`,
    `command="id" ${KEY}`,
    `no-pty ${KEY}`,
    '- not a key',
    '&anchor x',
  ])('%j is no key', (text) => expect(isKeys(text)).toBe(false))

  test('whatever is taken for keys means nothing but itself in YAML', () => {
    const comment = fc.string({ unit: 'binary', maxLength: 20 })
    const odd = fc.constantFrom(
      ': ',
      ' #',
      '\n',
      '\n- ',
      '\u2028',
      '\u0085',
      '"',
      '*x',
      '@',
      'ada@example.com',
      '(work)',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(comment, odd), { maxLength: 4 }), (parts) => {
        const text = `${KEY} ${parts.join('')}`
        return !isKeys(text) || !MEANS_SOMETHING.test(text)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('on the hypervisor', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startApp()
  })
  afterAll(() => app.close())

  test('the keys and the name of a pod are exactly those of its order', async () => {
    const { plan, blueprint } = await catalogue(app.admin)
    const keys = `${KEY} ada@example.com (work, 50~60)\n${KEY} grace+1@example.com`
    const { body } = await app.admin.post<{ cloudPod: CloudPod; job: Job }>('/api/admin/hosting/cloudpods', {
      tenantId: await app.tenant(),
      planId: plan.id,
      blueprintId: blueprint.id,
      hostname: 'keys.example.com',
      sshKeys: keys,
    })
    expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
    const { body: pod } = await app.admin.get<CloudPodDetail>(
      `/api/admin/hosting/cloudpods/${body.cloudPod.id}`,
    )
    const guest = app.sim.control.guests().find(({ vmid }) => vmid === pod.placement?.vmid)
    expect(decodeURIComponent(guest?.config['sshkeys'] ?? '')).toBe(keys)
    expect(guest?.config['name']).toBe('keys.example.com')
  })
})
