import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../rules/tree.ts'

let folder = ''
const pinned = () => join(folder, 'node_modules/.bin/node')
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mpanel-setup-'))
  for (const part of ['scripts', 'node_modules/.bin']) await mkdir(join(folder, part), { recursive: true })
  await copyFile(join(ROOT, 'scripts/setup.mjs'), join(folder, 'scripts/setup.mjs'))
  // All that is locked is installed.
  await writeFile(join(folder, 'package-lock.json'), '{"packages":{"":{}}}')
  await writeFile(join(folder, 'node_modules/.package-lock.json'), '{"packages":{}}')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Set-up as a Node of that version sees it. */
function setUp(version: string): { code: number | null; said: string } {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(older)}`, join(folder, 'scripts/setup.mjs')],
    { encoding: 'utf8' },
  )
  return { code: status, said: stdout + stderr }
}
/** It looks again only when something was installed. */
const forget = () => rm(join(folder, 'node_modules/.mpanel-lock'), { force: true })

it('says once which Node mPanel runs with where the one that installs is too old for it', async () => {
  await symlink(process.execPath, pinned())
  expect(setUp('20.20.2')).toEqual({
    code: 0,
    said: `Node 20.20.2 only installs: mPanel runs with ${process.version}, which came with its packages.\n`,
  })
  expect(setUp('20.20.2')).toEqual({ code: 0, said: '' })
  await forget()
  expect(setUp('22.18.0')).toEqual({ code: 0, said: '' })
})

it('refuses a Node that can neither run mPanel nor was joined by one that can, and says what to install', async () => {
  await rm(pinned(), { force: true })
  await forget()
  expect(setUp('20.20.2')).toMatchObject({ code: 1 })
  expect(setUp('20.20.2').said).toContain('mPanel needs Node 22.18 or newer; this is 20.20.2')
  expect(setUp('16.20.0')).toMatchObject({ code: 1 })
  expect(setUp('16.20.0').said).toContain('Install Node 24 from https://nodejs.org')
})
