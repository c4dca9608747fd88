import { existsSync } from 'node:fs'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { completion } from '../../src/operator/completion.ts'
import { CLI, freePort } from '../start/process.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { enrol } from '../users/factors.ts'
import { keyOf, PASSWORD, person, session } from '../users/people.ts'

let app: TestApp
let tenantId = ''
let apiKey = ''
let home = ''
beforeAll(async () => {
  app = await startApp()
  tenantId = await app.tenant()
  apiKey = (await keyOf(app, 'admin@example.com')).token
  home = await mkdtemp(join(tmpdir(), 'mpanel-cli-'))
})
afterAll(async () => {
  await app.close()
  await rm(home, { recursive: true, force: true })
})

type Ran = { code: number | null; out: string; err: string }

/** Runs the command as a process of its own, with these lines typed. */
async function mpanel(args: string[], typed: string[] = [], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: home, ...env },
  })
  child.stdin.end(typed.map((line) => `${line}\n`).join(''))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}
const byKey = () => ({ MPANEL_URL: app.url, MPANEL_API_KEY: apiKey })
const asked = (...args: string[]): Promise<Ran> => mpanel(args, [], byKey())

it('who logs in with a key or with password and code is known until he logs out, by a file that only he can read', async () => {
  const file = join(home, 'mpanel/credentials.json')
  const wrong = await mpanel(['login', '--url', app.url], [`mp_${'x'.repeat(40)}`])
  expect([wrong.code, await readdir(home)]).toEqual([3, []])
  const remote = await mpanel(['login', '--url', 'http://panel.example.com'], [apiKey])
  expect(remote).toMatchObject({ code: 2, err: expect.stringContaining('use https') })

  expect(await mpanel(['login', '--url', app.url], [apiKey])).toMatchObject({ code: 0 })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(join(home, 'mpanel'))).mode & 0o777).toBe(0o700)
  const known = await mpanel(['whoami'])
  expect(known).toMatchObject({ code: 0, out: expect.stringContaining('admin@example.com') })
  // A key is for the mPanel that it was given to.
  const other = await mpanel(['whoami'], [], { MPANEL_URL: 'https://other.example.com' })
  expect(other.code).toBe(3)
  expect((await mpanel(['logout'])).out).toContain('The API key stays valid')
  expect(await mpanel(['logout'])).toMatchObject({ code: 3 })

  const { email } = await person(app, 'SUPPORT')
  const { codes } = await enrol(app, (await session(app, email)).api)
  const answers = [PASSWORD, codes[0] ?? '']
  const entered = await mpanel(['login', '--url', app.url, '--email', email], answers)
  expect(entered.err).not.toContain(PASSWORD)
  expect(entered).toMatchObject({ code: 0, out: expect.stringContaining(email) })
  const { credential } = JSON.parse(await readFile(file, 'utf8')) as { credential: { cookie: string } }
  expect((await mpanel(['logout'])).out).toContain('Logged out')
  const later = await fetch(`${app.url}/api/auth/me`, { headers: { cookie: credential.cookie } })
  expect(later.status).toBe(401)
})

it('an order is shown, asked for and delivered; power and jobs are watched; lists are filtered', async () => {
  const order = await prepareOrder(app.admin, tenantId)
  const { body } = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(app.admin, body.invoice)
  const pod = await until(async () => {
    const pods = await app.admin.get<{ items: CloudPod[] }>(
      `/api/admin/hosting/cloudpods?tenantId=${tenantId}&state=active`,
    )
    return pods.body.items[0]
  }, 'the pod')
  const { slug } = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body

  const terms = ['--customer', order.customerId, '--plan', 'small', '--blueprint', 'vm-debian-12']
  const sold = { tenantId, code: 'support', name: 'Support', maxQuantity: 3 }
  const prices = [{ currency: 'EUR', interval: 'month', unitMinor: '101' }]
  await app.admin.post('/api/admin/billing/addons', { ...sold, prices })
  const host = ['--hostname', 'added.example.com']
  const added = await asked('order', ...terms, ...host, '--addon', 'support=2', '--yes')
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining('2 × Support') as string })
  expect((await asked('order', ...terms, ...host, '--addon', 'support=4', '--yes')).code).toBe(1)
  expect((await asked('order', ...terms, ...host, '--addon', 'support=x', '--yes')).code).toBe(2)
  expect((await asked('order', ...terms, ...host, '--addon', 'nothing', '--yes')).code).toBe(4)
  const [unasked, ordered, missing, nobody] = await Promise.all([
    asked('order', ...terms, '--hostname', 'unasked.example.com'),
    asked('order', ...terms, '--hostname', 'asked.example.com', '--yes'),
    asked('order', ...terms),
    asked('order', ...terms.with(1, 'nobody@example.com'), '--hostname', 'x.example.com'),
  ])
  expect(unasked).toMatchObject({ code: 2, out: expect.stringMatching(/Total {2}\d+\.\d\d EUR/) })
  expect(ordered).toMatchObject({
    code: 0,
    out: expect.stringMatching(/awaiting_payment\nInvoice .*EUR, due/),
  })
  expect([missing.code, nobody.code]).toEqual([2, 4])

  const [stopped, listed, all, shown] = await Promise.all([
    asked('power', 'stop', pod.hostname, '--wait', '--json'),
    asked('list', 'pods', '--tenant', slug, '--state', 'active', '--search', pod.hostname),
    asked('list', 'subscriptions', '--filter', `tenantId=${tenantId}`, '--limit', '1', '--json'),
    asked('show', 'pod', pod.hostname, '--json'),
  ])
  expect(stopped.code).toBe(0)
  const job = JSON.parse(stopped.out) as Job
  expect(job).toMatchObject({ state: 'succeeded', subject: { label: pod.hostname } })
  // Where nobody looks on, a line for each change, and nothing that moves a cursor.
  expect(stopped.err).not.toContain('\r')
  expect(listed.out.split('\n').filter((line) => line.includes(pod.hostname))).toHaveLength(1)
  expect(listed.out).toMatch(/^ID +HOST NAME +STATE/)
  expect((JSON.parse(all.out) as unknown[]).length).toBe(1)
  expect(all.err).toContain('There are more than 1')
  expect(JSON.parse(shown.out)).toMatchObject({ id: pod.id, hostname: pod.hostname })
  expect(await asked('jobs', 'watch', job.id)).toMatchObject({ code: 0, out: `${pod.hostname}: succeeded\n` })
})

it('what goes wrong is one sentence and an exit code that says what kind it is', async () => {
  const nobody = { MPANEL_URL: app.url, MPANEL_API_KEY: `mp_${'x'.repeat(40)}` }
  const away = { MPANEL_URL: `http://127.0.0.1:${await freePort()}`, MPANEL_API_KEY: apiKey }
  const failed = '00000000-0000-7000-8000-000000000000'
  const ran = await Promise.all([
    asked('list', 'pods', '--unknown'),
    mpanel(['list', 'pods'], [], nobody),
    asked('jobs', 'watch', failed),
    asked('list', 'pods', '--state', 'broken'),
    mpanel(['whoami'], [], away),
  ])
  expect(ran.map(({ code }) => code)).toEqual([2, 3, 4, 1, 5])
  for (const { err, out } of ran) {
    expect(err).toMatch(/^mpanel: /)
    expect(`${err}${out}`).not.toMatch(/\n\s+at /)
  }
  expect(ran[3]?.err).toMatch(/state: .*\(invalid_input, request [0-9a-f-]{36}\)/s)
})

it('bash completes commands and what follows them, and the other shells get theirs', async () => {
  const bash = (await mpanel(['completion', 'bash'])).out
  const completed = (...words: string[]): string =>
    execFileSync('bash', [
      '-c',
      `${bash}\nCOMP_WORDS=(${words.join(' ')}) COMP_CWORD=${words.length - 1}; _mpanel; echo "\${COMPREPLY[@]}"`,
    ]).toString()
  expect(completed('mpanel', 'who')).toBe('whoami\n')
  expect(completed('mpanel', 'list', 'po')).toBe('pods\n')
  expect(completed('mpanel', 'power', 's')).toBe('start stop shutdown\n')
  const help = (await mpanel(['help'])).out
  const named = [...help.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, command]) => command)
  expect(named).toContain('secrets')
  expect(completed('mpanel', '').trim().split(' ')).toEqual(expect.arrayContaining(named))
  const zsh = completion('zsh')
  expect(zsh).toBe(`#compdef mpanel\nautoload -U +X bashcompinit && bashcompinit\n${bash.trimEnd()}`)
  const fish = completion('fish')
  expect(fish).toContain('"__fish_seen_subcommand_from power" -a "start stop shutdown reboot --json"')
  // Where such a shell is, it is asked itself.
  if (existsSync('/usr/bin/fish'))
    expect(
      execFileSync('fish', ['--no-config', '-c', `${fish}\ncomplete -C 'mpanel secrets '`]).toString(),
    ).toMatch(/^lost\nrotate$/m)
  if (existsSync('/usr/bin/zsh')) {
    const typed = `autoload -U compinit && compinit -u -D\n${zsh}\nprint -- $_comps[mpanel]\nemulate -L sh\nCOMP_WORDS=(mpanel list po) COMP_CWORD=2; _mpanel; print -- "\${COMPREPLY[@]}"`
    expect(execFileSync('zsh', ['-f', '-c', typed]).toString()).toMatch(
      /^_bash_complete -F _mpanel\npods customers .*--json$/m,
    )
  }
})
