import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { asSystem, systemOrigin, type Ctx, type Root } from '../../context.ts'
import * as archives from '../../db/auditArchives.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { archiveHash, bitsOf } from './archived.ts'
import { exportText } from './exporting.ts'
import { readEventLine, type EventHead } from './exportFormat.ts'
import { sign } from './key.ts'
import { verifyFile } from './verifyFile.ts'

const DAY_MS = 86_400_000

/**
 * Archives every month that is old enough and that no hold keeps: writes its file, checks the file as an auditor would,
 * writes down which events are in it, and only then takes the month out of the database. It may stop anywhere and
 * begins the month again.
 */
export async function archiveDue(root: Root): Promise<void> {
  const months = await within(root, async (ctx) => {
    const { 'audit.retentionDays': days } = await settingsService.effective(ctx, null)
    return archives.monthsBefore(ctx.tx, new Date(ctx.now().getTime() - Number(days.value) * DAY_MS))
  })
  for (const month of months) {
    const waits = await within(
      root,
      async ({ tx }) => (await archives.holdOf(tx, month)) !== null || (await archives.isUnsealed(tx, month)),
    )
    if (!waits) await archiveMonth(root, month)
  }
}

const within = <T>(root: Root, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  asSystem(root, 'audit.archive', 'platform', work)

/** The positions of a month's events in their batches. */
type Parts = Map<bigint, number[]>

async function archiveMonth(root: Root, month: string): Promise<void> {
  await within(root, ({ tx }) => archives.forget(tx, month))
  const name = `audit-${month.slice(0, 7)}.jsonl.gz`
  const path = join(root.settings.auditArchives, name)
  await mkdir(root.settings.auditArchives, { recursive: true })
  const { parts, events } = await write(root, month, `${path}.part`)
  const { findings, events: readable } = await verifyFile(`${path}.part`, { gzip: true })
  if (findings.length > 0 || readable !== events)
    throw new Error(`the archive of ${month} is not readable: ${findings[0] ?? 'events are missing'}`)
  await rename(`${path}.part`, path)
  const { size } = await stat(path)
  const sha256 = await hashOfFile(path)
  await within(root, async (ctx) => {
    const row = { month, sha256, events: BigInt(events) }
    const rows = [...parts].map(([batch, positions]) => ({
      month,
      batch,
      positions: bitsOf(positions, Math.max(...positions) + 1),
    }))
    rows.sort((one, other) => (one.batch < other.batch ? -1 : 1))
    const hash = archiveHash(row, rows)
    await archives.insert(ctx.tx, {
      ...row,
      file: name,
      bytes: BigInt(size),
      first_batch: rows[0]?.batch ?? null,
      last_batch: rows.at(-1)?.batch ?? null,
      written_at: ctx.now(),
      removed_at: null,
      hash,
      signature: await sign(ctx, hash),
    })
    await archives.insertParts(ctx.tx, rows)
  })
  await within(root, async (ctx) => {
    await archives.remove(ctx.tx, month)
    await auditService.record(ctx, {
      action: 'AUDIT_MONTH_ARCHIVED',
      tenantId: null,
      target: { type: 'auditMonth', id: month.slice(0, 7) },
      details: { file: name, events, sha256Hex: sha256.toString('hex') },
    })
  })
}

/** Writes the month as an export, packed; it is on the disk when this returns. */
async function write(root: Root, month: string, path: string): Promise<{ parts: Parts; events: number }> {
  const next = new Date(`${month}T00:00:00Z`)
  next.setUTCMonth(next.getUTCMonth() + 1)
  const origin = { ...systemOrigin('audit.archive', newId()), seesInfrastructure: true }
  const filter = { from: `${month}T00:00:00Z`, to: next.toISOString() }
  const parts: Parts = new Map()
  let events = 0
  async function* noted(lines: AsyncGenerator<string>): AsyncGenerator<string> {
    for await (const line of lines) {
      if (line.startsWith('{"kind":"event"')) {
        const { batch, position } = readEventLine(line.trimEnd()).head as EventHead
        if (batch === null || position === null) throw new Error(`an event of ${month} is not sealed yet`)
        const known = parts.get(BigInt(batch))
        if (known) known.push(position)
        else parts.set(BigInt(batch), [position])
        events++
      }
      yield line
    }
  }
  const lines = exportText({ root, origin, scope: 'platform', filter }, 'jsonl')
  await pipeline(Readable.from(noted(lines), { objectMode: false }), createGzip(), createWriteStream(path))
  const file = await open(path, 'r+')
  await file.sync()
  await file.close()
  return { parts, events }
}

async function hashOfFile(path: string): Promise<Buffer> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer)
  return digest.digest()
}
