import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withToken } from './simClient.ts'

const ROOT = join(import.meta.dirname, '../..')
// The pinned Node runs TypeScript directly; the one that runs the tests may not.
const NODE = join(ROOT, 'node_modules/.bin/node')

type Running = {
  url: string
  caPem: string
  fingerprint: string
  token: { id: string; secret: string }
  child: ChildProcess
}

let folder: string
const children: ChildProcess[] = []

async function launch(): Promise<Running> {
  const child = spawn(
    NODE,
    [
      'sim/proxmox/main.ts',
      '--state',
      join(folder, 'state.json'),
      '--token-secret',
      'sec',
      '--clone-ms',
      '20000',
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...(JSON.parse(line) as Omit<Running, 'child'>), child }
  }
  throw new Error('the simulator did not start')
}

const kill = (child: ChildProcess, signal: NodeJS.Signals) =>
  new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill(signal)
  })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proxmox-program-'))
})
afterEach(async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) await kill(child, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe('the simulator as a program', () => {
  it('loses nothing that it has answered when it is killed', { timeout: 30_000 }, async () => {
    const first = await launch()
    const api = withToken(first, `${first.token.id}=sec`)
    const pool = await api.post('/pools', { poolid: 'kept' })
    const clone = await api.post('/nodes/pve1/qemu/9000/clone', { newid: 100, name: 'half', full: 1 })
    expect([pool.status, clone.status]).toEqual([200, 200])
    await kill(first.child, 'SIGKILL')
    const second = await launch()
    expect(second.fingerprint).toBe(first.fingerprint)
    const again = withToken(second, `${second.token.id}=sec`)
    expect((await again.get('/pools/kept')).status).toBe(200)
    expect(await again.exit(clone.body?.data as string)).toBe('unexpected status')
    await kill(second.child, 'SIGTERM')
    expect(second.child.exitCode).toBe(0)
  })
})
