import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { proxmoxChecks } from './proxmox.ts'

const root = join(import.meta.dirname, '../..')
const started: ChildProcess[] = []
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

/** Runs the program with these variables and no others of Proxmox's. */
async function runProgram(variables: Record<string, string>) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PROXMOX_'))
  const child = spawn(process.execPath, ['test/contracts/proxmoxReal.ts'], {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, stdout, stderr }
}

async function startSimulator() {
  const child = spawn(process.execPath, ['sim/proxmox/main.ts', '--clone-ms', '50'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return JSON.parse(line) as { url: string; fingerprint: string; token: { id: string; secret: string } }
}

describe('the program for a cluster of yours', () => {
  test('says every variable that is missing, without a stack', async () => {
    const { code, stderr } = await runProgram({ PROXMOX_NODE: 'pve1', PROXMOX_VMID_RANGE: '9000-9010' })
    expect(code).toBe(1)
    for (const name of ['URL', 'TOKEN_ID', 'TOKEN_SECRET', 'STORAGE', 'TEMPLATE_VMID']) {
      expect(stderr).toContain(`- PROXMOX_${name} is missing`)
    }
    expect(stderr).toContain('- PROXMOX_CA_FILE or PROXMOX_FINGERPRINT is missing')
    expect(stderr).toContain('- PROXMOX_VMID_RANGE must')
    expect(stderr).not.toContain('PROXMOX_NODE is missing')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('runs every check against a simulator in a process of its own, and counts them', async () => {
    const { url, fingerprint, token } = await startSimulator()
    const { code, stdout } = await runProgram({
      PROXMOX_URL: url,
      PROXMOX_FINGERPRINT: fingerprint,
      PROXMOX_TOKEN_ID: token.id,
      PROXMOX_TOKEN_SECRET: token.secret,
      PROXMOX_NODE: 'pve1',
      PROXMOX_STORAGE: 'local-lvm',
      PROXMOX_TEMPLATE_VMID: '9010',
      PROXMOX_VMID_RANGE: '9100-9199',
    })
    const leftOut = proxmoxChecks.filter((check) => check.needs !== undefined).length
    expect(stdout.match(/^ok {2,}/gm)).toHaveLength(proxmoxChecks.length - leftOut)
    expect(stdout.match(/^left out /gm)).toHaveLength(leftOut)
    expect(stdout).toMatch(
      new RegExp(`\\n${proxmoxChecks.length - leftOut} ok, 0 differ, ${leftOut} left out\\n$`),
    )
    expect(code).toBe(0)
  }, 120_000)
})
