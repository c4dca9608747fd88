import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleCluster, startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { ProxmoxSim } from '../../sim/proxmox/server.ts'

/** A client that was written for the real thing, by others, must not notice the difference. */

const PYTHON = '/usr/bin/python3'
const present = spawnSync(PYTHON, ['-c', 'import proxmoxer, requests']).status === 0
if (!present) {
  console.log('Skipped: needs proxmoxer (apt-get install python3-proxmoxer python3-requests).')
}

describe.skipIf(!present)('proxmoxer', () => {
  let sim: ProxmoxSim
  let folder: string
  const secrets = { rootPassword: 'root-password', tokenSecret: '11111111-2222-3333-4444-555555555555' }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'proxmoxer-'))
    sim = await startProxmoxSim({ seed: exampleCluster(secrets) })
    writeFileSync(join(folder, 'ca.pem'), sim.caPem)
  })
  afterAll(async () => {
    await sim.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const drive = async (credentials: Record<string, string>) => {
    const { hostname, port } = new URL(sim.url)
    const options = { host: hostname, port: Number(port), ca: join(folder, 'ca.pem'), ...credentials }
    const script = join(import.meta.dirname, 'proxmoxer_drive.py')
    const { stdout } = await promisify(execFile)(PYTHON, [script, JSON.stringify(options)], {
      timeout: 60_000,
    })
    return JSON.parse(stdout) as unknown
  }

  const expected = [
    ['version', '9.1.2'],
    ['nodes', ['pve1', 'pve2', 'pve3']],
    ['qmclone', 'OK'],
    ['qmconfig', 'OK'],
    ['config', [2, '2048', 'ip=10.0.0.9/24,gw=10.0.0.1', 'a=b; c & d', 'one;two']],
    ['resize', 'OK'],
    ['qmstart', 'OK'],
    ['power', 'running'],
    ['refused', [500, 'VM 100 is running - destroy failed']],
    ['qmstop', 'OK'],
    ['qmdestroy', 'OK'],
    ['gone', 500],
  ]

  it('logs in by password and leads a machine from clone to deletion', { timeout: 60_000 }, async () => {
    expect(await drive({ user: 'root@pam', password: secrets.rootPassword })).toEqual(expected)
  })

  it('does the same with an API token', { timeout: 60_000 }, async () => {
    expect(await drive({ user: 'mpanel@pve', token: 'panel', secret: secrets.tokenSecret })).toEqual(expected)
  })
})
