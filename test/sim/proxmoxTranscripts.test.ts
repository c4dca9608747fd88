import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { ClusterSeed, ProxmoxSim } from '../../sim/proxmox/server.ts'
import { form, send } from './simClient.ts'
import type { Received } from './simClient.ts'
import { differences, readTranscript } from './transcripts.ts'
import type { Exchange } from './transcripts.ts'

/**
 * Replays what was recorded against a genuine Proxmox VE and compares answer by answer. Where the two differ the
 * recording is right. The recordings are not part of the project; without them these tests are skipped.
 */
const FOLDER = join(import.meta.dirname, '../../../shared/proxmox-transcripts')

type Auth =
  | 'root'
  | 'none'
  | 'no csrf'
  | 'wrong csrf'
  | 'bad ticket'
  | { token: string; secret?: string }
  | { raw: string }

type Part = {
  name: string
  seed: ClusterSeed
  /** Who asked; the recordings do not tell. Root where nothing is said. */
  auth?: (index: number) => Auth
  /** What the unsupported calls before this exchange had changed, done by hand. */
  before?: Record<number, (sim: ProxmoxSim) => void>
  leftOut?: Record<number, string>
}

const ENVIRONMENT = 'the recording host could not do it (no loop devices, no LXC monitor, no CRIU)'
const HA = 'follows from the HA manager, which is not simulated'
const VZDUMP = 'follows from a backup, which is not simulated'

const MEMORY_MB = 25_276_510_208 / 1024 / 1024
const SHARED = ['snippets', 'rootdir', 'backup', 'iso', 'vztmpl', 'images']
const DIRECTORY = [...SHARED, 'import']

const seed = (name: string, nodes: string[]): ClusterSeed => ({
  name,
  nodes: nodes.map((node, index) => ({
    name: node,
    cores: 2,
    memoryMb: MEMORY_MB,
    ip: `10.99.0.${index + 1}`,
  })),
  storages: [
    { name: 'local', type: 'dir', content: DIRECTORY, sizeGb: 252, usedGb: 34 },
    ...(nodes.length > 1
      ? [
          {
            name: 'shared',
            type: 'dir' as const,
            content: SHARED,
            sizeGb: 252,
            shared: true,
            path: '/shared',
          },
        ]
      : []),
  ],
  users: [{ id: 'root@pam', password: 'PASSWORD' }, { id: 'mpanel@pve' }, { id: 'lim@pve' }],
})

const GUEST_ARGS = '-kernel /var/lib/vz/template/guest-vmlinuz -initrd /var/lib/vz/template/guest-initrd.gz'
const templateConfig = { kvm: '0', memory: '256', args: `${GUEST_ARGS} -append "console=ttyS0 quiet"` }

const PARTS: Part[][] = [
  [
    {
      name: 'part1',
      seed: {
        ...seed('pve1', ['pve1']),
        vmTemplates: [{ vmid: 9000, node: 'pve1', name: 'old', storage: 'local', diskGb: 1 }],
        tokens: [
          { id: 'mpanel@pve!prov', secret: 'x' },
          { id: 'root@pam!full', secret: 'x', privsep: false },
        ],
        pools: [{ id: 'cust1', comment: 'c' }],
      },
      // Without its event daemon the recorded host did not start the machine again after a reboot.
      before: { 82: (sim) => sim.control.changeGuest(101, { power: 'stopped' }) },
    },
    {
      name: 'part2',
      seed: seed('pve1', ['pve1']),
      auth: (index) => {
        if (index <= 6 || index === 43) return 'none'
        if (index === 7) return 'no csrf'
        if (index === 8) return 'wrong csrf'
        if (index === 9) return 'bad ticket'
        if (index === 40) return { token: 'mpanel@pve!prov', secret: 'wrong' }
        if (index === 41) return { token: 'mpanel@pve!nosuch', secret: 'wrong' }
        if (index === 42) return { raw: 'PVEAPIToken=mpanel@pve=wrong' }
        const byToken = (index >= 36 && index <= 39) || (index >= 45 && index <= 53)
        return byToken ? { token: 'mpanel@pve!prov' } : 'root'
      },
      before: {
        // `move_disk` and `unlink` had been called.
        129: (sim) =>
          sim.control.changeGuest(102, {
            config: {
              unused0: 'local:102/vm-102-disk-0.qcow2',
              unused1: 'local:102/vm-102-disk-1.raw',
              boot: 'order=ide2;net0',
            },
            remove: ['scsi0'],
          }),
      },
      leftOut: {
        21: 'the recorded connection was cut by a left-over TLS error',
        22: 'the recorded connection was cut by a left-over TLS error',
        105: HA,
        106: HA,
        107: HA,
        108: HA,
        109: HA,
      },
    },
  ],
  [
    {
      name: 'part3',
      seed: {
        ...seed('mpanel', ['pve1', 'pve2', 'pve3']),
        pools: [{ id: 'mpanel' }],
        vmTemplates: [
          {
            vmid: 9000,
            node: 'pve1',
            name: 'tmpl-local',
            storage: 'local',
            diskGb: 1,
            config: templateConfig,
          },
          {
            vmid: 9001,
            node: 'pve1',
            name: 'tmpl-shared',
            storage: 'shared',
            diskGb: 1,
            config: { ...templateConfig, args: templateConfig.args.replaceAll('/var/lib/vz/', '/shared/') },
            without: ['vga'],
          },
        ],
      },
      before: {
        // The migrations.
        29: (sim) => {
          sim.control.changeGuest(202, { node: 'pve1' })
          sim.control.changeGuest(201, { node: 'pve3' })
        },
        39: (sim) => sim.control.changeGuest(210, { node: 'pve2' }),
        // The cable was pulled.
        43: (sim) => sim.control.setNode('pve3', 'offline'),
      },
    },
  ],
  [
    {
      name: 'part5',
      seed: {
        ...seed('mpanel', ['pve1', 'pve2', 'pve3']),
        containerTemplates: [
          { storage: 'shared', file: 'alpine-mini_3.22_amd64.tar.gz', sizeMb: 1_072_390 / 1024 / 1024 },
        ],
      },
      leftOut: {
        11: ENVIRONMENT,
        12: ENVIRONMENT,
        13: ENVIRONMENT,
        17: ENVIRONMENT,
        19: ENVIRONMENT,
        43: VZDUMP,
        44: VZDUMP,
        45: VZDUMP,
        46: VZDUMP,
        47: VZDUMP,
        48: VZDUMP,
        49: VZDUMP,
      },
    },
  ],
  [
    {
      name: 'part8',
      seed: { ...seed('mpanel', ['pve1', 'pve2', 'pve3']), pools: [{ id: 'mpanel' }] },
      auth: (index) => (index >= 8 ? { token: 'lim@pve!tok' } : 'root'),
      before: { 4: (sim) => sim.control.createGuest({ vmid: 310, node: 'pve1', name: 'inpool' }) },
    },
  ],
]

type Outcome = { part: string; exchange: Exchange; differences: string[] }
type LeftOut = { part: string; exchange: Exchange; reason: string }

const outcomes: Outcome[] = []
const leftOut: LeftOut[] = []

/** Replays a series of parts on one simulator. */
class Replay {
  sim: ProxmoxSim
  upids = new Map<string, string>()
  secrets = new Map<string, string>()
  ticket = { cookie: '', csrf: '' }

  constructor(sim: ProxmoxSim) {
    this.sim = sim
  }

  async login() {
    const body = form({ username: 'root@pam', password: 'PASSWORD' })
    const { body: answer } = await send(this.sim, { method: 'POST', path: '/access/ticket', body })
    const data = answer?.data as { ticket: string; CSRFPreventionToken: string }
    this.ticket = {
      cookie: `PVEAuthCookie=${encodeURIComponent(data.ticket)}`,
      csrf: data.CSRFPreventionToken,
    }
  }

  headers(auth: Auth): Record<string, string> {
    if (typeof auth === 'object') {
      if ('raw' in auth) return { Authorization: auth.raw }
      return {
        Authorization: `PVEAPIToken=${auth.token}=${auth.secret ?? this.secrets.get(auth.token) ?? ''}`,
      }
    }
    if (auth === 'none') return {}
    if (auth === 'bad ticket') return { Cookie: 'PVEAuthCookie=PVE:root@pam:00000000::bad' }
    const csrf = auth === 'root' ? this.ticket.csrf : auth === 'wrong csrf' ? '00000000:bad' : null
    return { Cookie: this.ticket.cookie, ...(csrf !== null && { CSRFPreventionToken: csrf }) }
  }

  async send(exchange: Exchange, auth: Auth): Promise<Received> {
    let { path } = exchange
    for (const [recorded, own] of this.upids) path = path.replace(recorded, own)
    const headers = this.headers(auth)
    const { body, type } = encode(exchange.body)
    if (type !== null) headers['Content-Type'] = type
    const request = { method: exchange.method, path, headers, ...(body !== null && { body }) }
    const wantsEnd = /\/tasks\/[^/]+\/(status|log)/.test(path)
    if (wantsEnd) await this.sim.control.idle()
    const received = await send(this.sim, request)
    this.learn(exchange, received)
    return received
  }

  learn(exchange: Exchange, received: Received) {
    const recorded = (exchange.data as { data?: unknown } | undefined)?.data
    const own = received.body?.data
    if (typeof recorded === 'string' && recorded.startsWith('UPID:') && typeof own === 'string') {
      this.upids.set(recorded, own)
    }
    const token = own as { 'full-tokenid'?: string; value?: string } | null | undefined
    if (token?.['full-tokenid'] !== undefined) this.secrets.set(token['full-tokenid'], token.value ?? '')
  }
}

function encode(body: unknown): { body: string | null; type: string | null } {
  if (body === undefined || body === null) return { body: null, type: null }
  if (typeof body === 'string') return { body, type: 'application/x-www-form-urlencoded' }
  const values = Object.entries(body)
  const flat = values.every(([, value]) => typeof value === 'string' || typeof value === 'number')
  if (!flat) return { body: JSON.stringify(body), type: 'application/json' }
  return {
    body: form(Object.fromEntries(values) as Record<string, string>),
    type: 'application/x-www-form-urlencoded',
  }
}

const newid = (exchange: Exchange) => (exchange.body as { newid?: number } | null)?.newid

/** Clones to one id that were all accepted had been sent together; everything else one after the other. */
function isSentWithNext(one: Exchange, next: Exchange | undefined): boolean {
  const clones = one.path.endsWith('/clone') && next?.path.endsWith('/clone') === true
  return clones && newid(one) === newid(next) && one.status === 200 && next.status === 200
}

const isUnsupported = (exchange: Exchange, received: Received) =>
  received.status === 501 && exchange.status !== 501 && received.reason.endsWith('not implemented')

async function replay(part: Part, run: Replay): Promise<void> {
  const exchanges = readTranscript(FOLDER, part.name)
  const skipped = new Set<string>()
  for (const [position, exchange] of exchanges.entries()) {
    const previous = exchanges[position - 1]
    const together = previous !== undefined && isSentWithNext(previous, exchange)
    if (!together) await run.sim.control.idle()
    // Requests sent together are all answered before the first of their tasks gets to work.
    if (isSentWithNext(exchange, exchanges[position + 1])) run.sim.control.pauseTasks()
    part.before?.[exchange.index]?.(run.sim)
    const upid = /\/tasks\/(UPID:[^/]+)\//.exec(exchange.path)?.[1]
    const reason = part.leftOut?.[exchange.index]
    if (upid !== undefined && skipped.has(upid)) {
      leftOut.push({ part: part.name, exchange, reason: 'task of an unsupported call' })
      continue
    }
    if (reason !== undefined) {
      leftOut.push({ part: part.name, exchange, reason })
      remember(skipped, exchange)
      continue
    }
    const received = await run.send(exchange, part.auth?.(exchange.index) ?? 'root')
    if (!isSentWithNext(exchange, exchanges[position + 1])) run.sim.control.resumeTasks()
    if (isUnsupported(exchange, received)) {
      leftOut.push({ part: part.name, exchange, reason: 'unsupported route' })
      remember(skipped, exchange)
      continue
    }
    outcomes.push({ part: part.name, exchange, differences: differences(exchange, received) })
  }
}

function remember(skipped: Set<string>, exchange: Exchange): void {
  const data = (exchange.data as { data?: unknown } | undefined)?.data
  if (typeof data === 'string' && data.startsWith('UPID:')) skipped.add(data)
}

const present = existsSync(FOLDER)
if (!present) {
  console.log('Skipped: recordings of a genuine Proxmox VE are needed in ../shared/proxmox-transcripts.')
}

describe.skipIf(!present)('the simulator answers as a recorded Proxmox VE 9.1.2 did', () => {
  for (const series of PARTS) {
    const names = series.map((part) => part.name).join(' and ')
    it(
      `every exchange of ${names} on a supported route has the recorded answer`,
      { timeout: 60_000 },
      async () => {
        const first = series[0]
        if (!first) throw new Error('a series without parts')
        const sim = await startProxmoxSim({ seed: first.seed, speed: { secondMs: 2 } })
        try {
          const run = new Replay(sim)
          await run.login()
          const before = outcomes.length
          for (const part of series) await replay(part, run)
          const wrong = outcomes.slice(before).filter((outcome) => outcome.differences.length > 0)
          const report = wrong.map(
            ({ part, exchange, differences: lines }) =>
              `${part}:${exchange.index} ${exchange.method} ${exchange.path}\n    ${lines.join('\n    ')}`,
          )
          expect(report, report.join('\n')).toEqual([])
        } finally {
          await sim.close()
        }
      },
    )
  }

  afterAll(() => {
    const byReason = new Map<string, string[]>()
    for (const { part, exchange, reason } of leftOut) {
      byReason.set(reason, [...(byReason.get(reason) ?? []), `${part}:${exchange.index}`])
    }
    console.log(`Compared ${outcomes.length} recorded exchanges, left out ${leftOut.length}:`)
    for (const [reason, where] of byReason) console.log(`  ${where.length} × ${reason}: ${where.join(' ')}`)
  })
})
