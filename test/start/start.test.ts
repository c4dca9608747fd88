import { spawnSync } from 'node:child_process'
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleCluster, startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { Subscription } from '../../shared/api/billing.ts'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Cluster } from '../../shared/api/provisioning.ts'
import { VERSION } from '../../src/version.ts'
import { createApi, pay, prepareOrder, type Ordered } from '../support/api.ts'
import { until } from '../support/app.ts'
import { freshDatabase } from '../support/postgres.ts'
import { dataFolder, freePort, mpanel, type Run } from './process.ts'

const LOGIN = { email: 'admin@example.com', password: 'correct-horse-battery' }
const key = (): string => randomBytes(32).toString('base64')
const ADMIN = { MPANEL_ADMIN_EMAIL: LOGIN.email, MPANEL_ADMIN_PASSWORD: LOGIN.password }

/** One sentence, exit code 1, no stack: what an operator should see of a fault they can mend. */
async function expectRefusal(run: Run, sentence: RegExp): Promise<void> {
  expect(await run.ended).toBe(1)
  expect(run.output()).toMatch(sentence)
  expect(run.output()).not.toMatch(/\n\s+at /)
}

describe('npm start', { timeout: 120_000 }, () => {
  let dataDir = ''
  let port = 0
  const env = (): Record<string, string> => ({
    ...ADMIN,
    MPANEL_DATA_DIR: dataDir,
    MPANEL_PORT: String(port),
  })
  const stop = async (run: Run): Promise<void> => {
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
  }

  beforeAll(async () => {
    dataDir = await dataFolder()
    port = await freePort()
  })
  afterAll(() => rm(dataDir, { recursive: true, force: true }))

  it('makes everything on the first start, and a second process on the same folder or port is told why not', async () => {
    const first = mpanel(['start'], env())
    await first.says(/mPanel is ready/)
    const api = await createApi(`http://127.0.0.1:${port}`, LOGIN)
    const order = await prepareOrder(
      api,
      (await api.get<{ items: { id: string }[] }>('/api/admin/tenants')).body.items[0]?.id ?? '',
    )
    expect(order.blueprintId).not.toBe('')

    await expectRefusal(mpanel(['start'], env()), /already runs on the data folder .*Stop it first/s)
    const other = await dataFolder()
    await expectRefusal(
      mpanel(['start'], { ...env(), MPANEL_DATA_DIR: other }),
      /Port \d+ .* is taken.*MPANEL_PORT/s,
    )
    await rm(other, { recursive: true, force: true })
    await stop(first)
  })

  it('finishes an order whose process was killed in the middle, after adopting the database that was left running', async () => {
    const first = mpanel(['start'], env())
    await first.says(/mPanel is ready/)
    const api = await createApi(`http://127.0.0.1:${port}`, LOGIN)
    const tenantId =
      (await api.get<{ items: { id: string }[] }>('/api/admin/tenants')).body.items[0]?.id ?? ''
    const ordered = await api.post<Ordered>(
      '/api/admin/billing/subscriptions',
      await prepareOrder(api, tenantId),
    )
    const { id } = ordered.body.subscription
    await pay(api, ordered.body.invoice)
    await until(async () => {
      const jobs = await api.get<{ items: { kind: string; state: string }[] }>('/api/admin/provisioning/jobs')
      return jobs.body.items.some((job) => job.kind === 'cloudPod.create' && job.state === 'running')
    }, 'the create job to run')
    first.child.kill('SIGKILL')
    await first.ended

    const second = mpanel(['start'], env())
    await second.says(/mPanel is ready/)
    const again = await createApi(`http://127.0.0.1:${port}`, LOGIN)
    await until(
      async () =>
        (await again.get<Subscription>(`/api/admin/billing/subscriptions/${id}`)).body.state === 'active',
      'the killed order to become active',
      60_000,
    )
    await stop(second)
  })

  it('keeps users, secrets and guests over a restart, and shows no password again', async () => {
    const run = mpanel(['start'], env())
    await run.says(/mPanel is ready/)
    expect(run.output()).not.toContain(LOGIN.password)
    const api = await createApi(`http://127.0.0.1:${port}`, LOGIN)
    const pods = await api.get<{ items: { state: string }[] }>('/api/admin/hosting/cloudpods')
    expect(pods.body.items.map((pod) => pod.state)).toEqual(['active'])
    const secret = await readFile(join(dataDir, 'secret.key'), 'utf8')
    expect(Buffer.from(secret, 'base64')).toHaveLength(32)
    await stop(run)
  })

  it('goes on from a copy of its data folder, made and brought back as docs/operations.md says', async () => {
    const restored = await dataFolder()
    const copy = join(restored, 'mpanel-backup.tgz')
    for (const args of [
      ['-C', dataDir, '-chzf', copy, '.'],
      ['-C', restored, '-xpzf', copy],
    ])
      expect(spawnSync('tar', args, { encoding: 'utf8' }).stderr).toBe('')
    await chmod(restored, 0o711)
    const run = mpanel(['start'], { ...env(), MPANEL_DATA_DIR: restored })
    await run.says(/mPanel is ready/)
    const api = await createApi(`http://127.0.0.1:${port}`, LOGIN)
    const pods = await api.get<{ items: { state: string }[] }>('/api/admin/hosting/cloudpods')
    expect(pods.body.items.map((pod) => pod.state)).toEqual(['active'])
    await stop(run)
    await rm(restored, { recursive: true, force: true })
  })
})

describe('a real cluster', { timeout: 120_000 }, () => {
  it('takes the place of the simulated one on a data folder that began with that', async () => {
    const dataDir = await dataFolder()
    const port = await freePort()
    const env = { ...ADMIN, MPANEL_DATA_DIR: dataDir, MPANEL_PORT: String(port) }
    const simulated = mpanel(['start'], env)
    await simulated.says(/mPanel is ready/)
    simulated.child.kill('SIGTERM')
    await simulated.ended

    const tokenSecret = randomBytes(12).toString('hex')
    const cluster = await startProxmoxSim({
      seed: exampleCluster({ rootPassword: tokenSecret, tokenSecret }),
    })
    const real = mpanel(['start'], {
      ...env,
      PROXMOX_URL: cluster.url,
      PROXMOX_TOKEN_ID: 'mpanel@pve!panel',
      PROXMOX_TOKEN_SECRET: tokenSecret,
      PROXMOX_FINGERPRINT: cluster.fingerprint,
    })
    await real.says(/mPanel is ready/)
    const api = await createApi(`http://127.0.0.1:${port}`, LOGIN)
    const clusters = (await api.get<{ items: Cluster[] }>('/api/admin/provisioning/clusters')).body.items
    expect(clusters.map(({ simulated: sim, state }) => ({ sim, state }))).toEqual([
      { sim: false, state: 'active' },
      { sim: true, state: 'paused' },
    ])
    const used = clusters.find((candidate) => !candidate.simulated)?.id ?? ''
    const pool = { gateway: '198.51.100.1', rangeStart: '198.51.100.10', rangeEnd: '198.51.100.20' }
    await api.post('/api/admin/provisioning/ip-pools', {
      clusterId: used,
      name: 'own',
      network: '198.51.100.0/24',
      ...pool,
    })
    const tenantId =
      (await api.get<{ items: { id: string }[] }>('/api/admin/tenants')).body.items[0]?.id ?? ''
    const ordered = await api.post<Ordered>(
      '/api/admin/billing/subscriptions',
      await prepareOrder(api, tenantId),
    )
    const pod = ordered.body.subscription.pod?.id ?? ''
    const placed = await api.get<CloudPodDetail>(`/api/admin/hosting/cloudpods/${pod}`)
    expect(placed.body.placement?.clusterId).toBe(used)
    expect(placed.body.addresses).toEqual(['198.51.100.10'])
    real.child.kill('SIGTERM')
    expect(await real.ended).toBe(0)
    await cluster.close()
    await rm(dataDir, { recursive: true, force: true })
  })
})

describe('faults at start', { timeout: 60_000 }, () => {
  it('names every fault of the configuration at once', async () => {
    const run = mpanel(['start'], {
      MPANEL_PORT: '99999',
      MPANEL_SECRET_KEY: 'short',
      PROXMOX_URL: 'http://pve.example.com',
    })
    await expectRefusal(run, /MPANEL_PORT.*MPANEL_SECRET_KEY.*PROXMOX_URL/s)
  })

  it('says that the data folder is not writable', async () => {
    const folder = await dataFolder()
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expectRefusal(
      mpanel(['start'], { MPANEL_DATA_DIR: file }),
      /data folder .* is not writable.*MPANEL_DATA_DIR/s,
    )
    await chmod(folder, 0o700)
    await rm(folder, { recursive: true, force: true })
  })

  it.each([['serve'], ['worker'], ['start']])(
    '%s says that the database cannot be reached, without its password',
    async (command) => {
      const closed = await freePort()
      const folder = await dataFolder()
      const run = mpanel([command], {
        DATABASE_URL: `postgres://u:sesame@127.0.0.1:${closed}/x`,
        MPANEL_DATA_DIR: folder,
        MPANEL_SECRET_KEY: key(),
      })
      await expectRefusal(run, /database at 127\.0\.0\.1:\d+\/x cannot be used as u: .*Check DATABASE_URL/)
      expect(run.output()).not.toContain('sesame')
      await rm(folder, { recursive: true, force: true })
    },
  )

  it('refuses a database that is newer than the code, for every command that would use it', async () => {
    const database = await freshDatabase()
    const folder = await dataFolder()
    const client = new Client({ connectionString: database.ownerUrl })
    await client.connect()
    await client.query(
      `insert into schema_migrations (name, checksum) values ('9999_from_the_future.sql', 'x')`,
    )
    await client.end()
    const env = { DATABASE_URL: database.url, MPANEL_DATA_DIR: folder, MPANEL_SECRET_KEY: key() }
    for (const command of ['serve', 'worker', 'migrate', 'start']) {
      await expectRefusal(mpanel([command], env), /database is newer than this version/)
    }
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('refuses a secret key that is not the one of the database', async () => {
    const database = await freshDatabase()
    const folder = await dataFolder()
    const base = { DATABASE_URL: database.url, MPANEL_DATA_DIR: folder, MPANEL_PORT: '0' }
    const first = mpanel(['serve'], { ...base, MPANEL_SECRET_KEY: key() })
    await first.says(/mPanel serves/)
    first.child.kill('SIGTERM')
    await first.ended
    for (const command of ['serve', 'worker']) {
      await expectRefusal(
        mpanel([command], { ...base, MPANEL_SECRET_KEY: key() }),
        /secret key is not the one of this database/,
      )
    }
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('no server and no doctor makes a secret key of its own for an external database, and the doctor leaves none behind', async () => {
    const database = await freshDatabase()
    const folder = await dataFolder()
    const env = { DATABASE_URL: database.url, MPANEL_DATA_DIR: folder, MPANEL_PORT: '0' }
    for (const command of ['serve', 'doctor'])
      await expectRefusal(mpanel([command], env), /MPANEL_SECRET_KEY is not set\. .*openssl rand -base64 32/)
    expect(await readdir(folder)).toEqual([])

    const doctor = mpanel(['doctor'], { ...env, MPANEL_SECRET_KEY: key() })
    await doctor.ended
    expect(doctor.output()).toMatch(/ok +secret key: none were sealed yet/)
    const client = new Client({ connectionString: database.ownerUrl })
    await client.connect()
    const { rows } = await client.query("select from installation where key = 'secretKeyCheck'")
    await client.end()
    expect(rows).toEqual([])
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('serve says that its port is taken', async () => {
    const database = await freshDatabase()
    const folder = await dataFolder()
    const blocker = createServer()
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port))
    })
    const run = mpanel(['serve'], {
      DATABASE_URL: database.url,
      MPANEL_DATA_DIR: folder,
      MPANEL_PORT: String(port),
      MPANEL_SECRET_KEY: key(),
    })
    await expectRefusal(run, new RegExp(`Port ${port} .* is taken`))
    await new Promise((resolve) => blocker.close(resolve))
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('it says its version; an unknown command or option shows the usage', async () => {
    const version = mpanel(['--version'], {})
    expect([await version.ended, version.output()]).toEqual([0, `${VERSION}\n`])
    await expectRefusal(mpanel(['dance'], {}), /there is no command dance.*usage: mpanel/s)
    await expectRefusal(mpanel(['admin', 'create-user', '--mail', 'x'], {}), /Unknown option.*usage: mpanel/s)
  })
})
