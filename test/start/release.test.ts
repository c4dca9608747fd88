import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { ROOT } from '../rules/tree.ts'
import { freshDatabase } from '../support/postgres.ts'
import { dataFolder, mpanel } from './process.ts'

/** What the rules and the dashboard ask for exists: otherwise an alarm would never be raised. */
const METRIC = /\b(?:mpanel|process|nodejs)_[a-z0-9_]+/g

let folder = ''
let database: Awaited<ReturnType<typeof freshDatabase>>
beforeAll(async () => {
  folder = await dataFolder()
  database = await freshDatabase()
})
afterAll(async () => {
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

it('the archive of a release serves pages and metrics by itself, and has what the alert rules ask for', async () => {
  const made = spawnSync(process.execPath, ['scripts/release.ts', folder], { cwd: ROOT, encoding: 'utf8' })
  expect(made.status, made.stderr).toBe(0)
  expect(made.stdout).toMatch(/sha256 [0-9a-f]{64}/)
  const unpacked = join(folder, `mpanel-${VERSION}`)
  expect(spawnSync('tar', ['-C', folder, '-xzf', `${unpacked}.tar.gz`]).status).toBe(0)
  // As `npm ci --omit=dev` would fill it.
  symlinkSync(join(ROOT, 'node_modules'), join(unpacked, 'node_modules'))
  mkdirSync(join(folder, 'data'))

  const sbom = JSON.parse(readFileSync(join(unpacked, 'sbom.cdx.json'), 'utf8')) as {
    components: { name: string }[]
  }
  expect(sbom.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['fastify', 'pg', 'react']))

  const env = {
    DATABASE_URL: database.url,
    MPANEL_DATA_DIR: join(folder, 'data'),
    MPANEL_PORT: '0',
    MPANEL_SECRET_KEY: randomBytes(32).toString('base64'),
  }
  const server = mpanel(['serve'], env, join(unpacked, 'bin/mpanel.mjs'))
  const [, url] = await server.says(/mPanel serves (http:\S+)/)
  const page = await fetch(`${url}/`)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('<div id="root">')
  const metrics = await (await fetch(`${url}/metrics`)).text()
  server.child.kill('SIGTERM')
  expect(await server.ended).toBe(0)

  const known = new Set([...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  const deploy = join(unpacked, 'deploy')
  for (const file of ['prometheus/mpanel.rules.yml', 'grafana/mpanel.json']) {
    const asked = [...readFileSync(join(deploy, file), 'utf8').matchAll(METRIC)].map(([name]) =>
      name.replace(/_(bucket|count)$/, ''),
    )
    expect(asked.length, file).toBeGreaterThan(5)
    expect(
      asked.filter((name) => !known.has(name)),
      file,
    ).toEqual([])
  }
})
