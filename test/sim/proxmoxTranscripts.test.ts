import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { ProxmoxSim } from '../../sim/proxmox/server.ts'
import { form, send } from './simClient.ts'
import type { Received } from './simClient.ts'
import { PARTS } from './transcriptParts.ts'
import type { Auth, Part } from './transcriptParts.ts'
import { differences, readTranscript } from './transcripts.ts'
import type { Exchange } from './transcripts.ts'

/**
 * Replays what was recorded against a genuine Proxmox VE and compares answer by answer. Where the two differ the
 * recording is right. The recordings are not part of the project; without them these tests are skipped.
 */
const FOLDER = join(import.meta.dirname, '../../../shared/proxmox-transcripts')

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
    path = this.withOwnBackup(path)
    const headers = this.headers(auth)
    const { body, type } = encode(exchange.body, (text) => this.withOwnBackup(text))
    if (type !== null) headers['Content-Type'] = type
    const request = { method: exchange.method, path, headers, ...(body !== null && { body }) }
    const wantsEnd = /\/tasks\/[^/]+\/(status|log)/.test(path)
    if (wantsEnd) await this.sim.control.idle()
    const received = await send(this.sim, request)
    this.learn(exchange, received)
    return received
  }

  /** A backup is named by the second in which it was made: ours of the same guest is meant. */
  withOwnBackup(text: string): string {
    return text.replace(/vzdump-lxc-(\d+)-[\d_-]+\.tar\.zst/, (recorded, vmid) => {
      const own = this.sim.control.backups().find((backup) => String(backup.vmid) === vmid)
      return own?.volid.split('/').at(-1) ?? recorded
    })
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

function encode(body: unknown, own: (text: string) => string): { body: string | null; type: string | null } {
  if (body === undefined || body === null) return { body: null, type: null }
  if (typeof body === 'string') return { body, type: 'application/x-www-form-urlencoded' }
  const values = Object.entries(body).map(([key, value]: [string, unknown]) => [
    key,
    typeof value === 'string' ? own(value) : value,
  ])
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
