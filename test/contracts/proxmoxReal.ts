import { readFileSync } from 'node:fs'
import { createWorld, Differs, proxmoxChecks, sweep } from './proxmox.ts'
import type { Check, Settings, World } from './proxmox.ts'

/**
 * `npm run contract:proxmox`: the contract of the Proxmox client against a cluster of yours.
 *
 * It clones and creates guests in the VMID range, changes, starts and destroys them, and removes what it made, also
 * after a failure. Guests without the suite's mark in their description are never touched. The token needs the
 * rights of a panel (PVEVMAdmin, PVEDatastoreUser, PVESDNUser) and Sys.Audit on `/`.
 */
const USAGE = `Proxmox contract: set these variables and run it again.
  PROXMOX_URL            https://host:8006
  PROXMOX_TOKEN_ID       user@realm!name
  PROXMOX_TOKEN_SECRET
  PROXMOX_CA_FILE        PEM of the cluster's CA (/etc/pve/pve-root-ca.pem), or instead:
  PROXMOX_FINGERPRINT    SHA-256 of the server certificate, AA:BB:…
  PROXMOX_NODE           node to work on
  PROXMOX_STORAGE        storage of that node for disks
  PROXMOX_TEMPLATE_VMID  VM template on that node
  PROXMOX_VMID_RANGE     9000-9099: free VMIDs for the run, at least 40
  PROXMOX_CT_TEMPLATE    local:vztmpl/… (optional; container checks are left out without it)
  PROXMOX_BACKUP_STORAGE storage of that node for backups (optional; their checks are left out without it)`

/** The settings, or every reason why there are none. */
function readSettings(env: NodeJS.ProcessEnv): Settings | string[] {
  const faults: string[] = []
  const need = (name: string) => {
    const value = env[name]?.trim() ?? ''
    if (value === '') faults.push(`${name} is missing`)
    return value
  }
  const url = need('PROXMOX_URL')
  const token = { id: need('PROXMOX_TOKEN_ID'), secret: need('PROXMOX_TOKEN_SECRET') }
  const trust = readTrust(env, faults)
  const node = need('PROXMOX_NODE')
  const storage = need('PROXMOX_STORAGE')
  const templateVmid = Number(need('PROXMOX_TEMPLATE_VMID'))
  if (!Number.isInteger(templateVmid)) faults.push('PROXMOX_TEMPLATE_VMID is no number')
  const range = /^(\d+)-(\d+)$/.exec(need('PROXMOX_VMID_RANGE'))
  const vmids = { from: Number(range?.[1] ?? 0), to: Number(range?.[2] ?? 0) }
  if (env.PROXMOX_VMID_RANGE && (vmids.from < 100 || vmids.to - vmids.from < 39)) {
    faults.push('PROXMOX_VMID_RANGE must look like 9000-9099, from 100 on, with at least 40 VMIDs')
  }
  if (faults.length > 0) return faults
  return {
    connection: { url, token, ...trust },
    node,
    storage,
    templateVmid,
    ctTemplate: env.PROXMOX_CT_TEMPLATE?.trim() || null,
    backupStorage: env.PROXMOX_BACKUP_STORAGE?.trim() || null,
    vmids,
    pollMs: 250,
    taskTimeoutMs: 10 * 60_000,
  }
}

function readTrust(env: NodeJS.ProcessEnv, faults: string[]): { ca?: string; fingerprint?: string } {
  const file = env.PROXMOX_CA_FILE?.trim()
  const fingerprint = env.PROXMOX_FINGERPRINT?.trim() || undefined
  if (!file && !fingerprint) faults.push('PROXMOX_CA_FILE or PROXMOX_FINGERPRINT is missing')
  if (!file) return { fingerprint }
  try {
    return { ca: readFileSync(file, 'utf8'), fingerprint }
  } catch {
    faults.push(`PROXMOX_CA_FILE cannot be read: ${file}`)
    return {}
  }
}

type Counts = { ok: number; differs: number; leftOut: number }

async function runAll(world: World, interrupted: AbortSignal): Promise<Counts> {
  const counts: Counts = { ok: 0, differs: 0, leftOut: 0 }
  for (const check of proxmoxChecks) {
    if (interrupted.aborted) break
    const missing = missingFor(world, check)
    if (missing !== null) {
      counts.leftOut += 1
      console.log(`left out  ${check.name} (no ${missing})`)
    } else if (await runOne(world, check)) counts.ok += 1
    else counts.differs += 1
  }
  return counts
}

function missingFor({ ctTemplate, backupStorage }: World, { needs }: Check): string | null {
  if (needs === 'container' && ctTemplate === null) return 'PROXMOX_CT_TEMPLATE'
  return needs === 'backup' && backupStorage === null ? 'PROXMOX_BACKUP_STORAGE' : null
}

async function runOne(world: World, check: Check): Promise<boolean> {
  const start = performance.now()
  try {
    await check.run(world)
    console.log(`ok        ${check.name} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
    return true
  } catch (error) {
    console.log(`differs   ${check.name}`)
    if (error instanceof Differs) console.log(`            ${error.what}`)
    if (error instanceof Differs)
      console.log(`            expected ${error.expected}\n            got      ${error.got}`)
    else console.log(`            ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

/** True when nothing of ours is left. */
async function cleanUp(world: World): Promise<boolean> {
  try {
    const removed = await sweep(world)
    if (removed.length > 0) console.log(`removed   ${removed.join(', ')}`)
    return true
  } catch (error) {
    console.log(`not cleaned up: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

async function main(): Promise<number> {
  const settings = readSettings(process.env)
  if (Array.isArray(settings)) {
    console.error(`${USAGE}\n\n${settings.map((fault) => `- ${fault}`).join('\n')}`)
    return 1
  }
  const world = createWorld(settings)
  const version = await world.proxmox.version()
  if (version.outcome !== 'ok') {
    console.error(`${settings.connection.url} does not answer as hoped: ${JSON.stringify(version)}`)
    return 1
  }
  console.log(`Proxmox VE ${version.value.version} at ${settings.connection.url}`)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  if (!(await cleanUp(world))) return 1
  const counts = await runAll(world, interrupted.signal)
  const clean = await cleanUp(world)
  console.log(`\n${counts.ok} ok, ${counts.differs} differ, ${counts.leftOut} left out`)
  return counts.differs === 0 && clean && !interrupted.signal.aborted ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  // An unusable address or secret, for example.
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
