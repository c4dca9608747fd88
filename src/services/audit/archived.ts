import { createHash } from 'node:crypto'
import type { ArchivedPart, ArchiveRow } from '../../db/auditArchives.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'
import { sha256 } from '../../lib/crypto.ts'

/** A bit for each position of a batch. */
export function bitsOf(positions: readonly number[], size: number): Buffer {
  const bits = Buffer.alloc(Math.ceil(size / 8))
  for (const position of positions) bits[position >> 3] = (bits[position >> 3] ?? 0) | (1 << (position & 7))
  return bits
}

export const hasBit = (bits: Buffer, position: number): boolean =>
  (((bits[position >> 3] ?? 0) >> (position & 7)) & 1) === 1

/** The hash over which events a month's archive holds; the parts in the order of their batches. */
function partsHash(parts: readonly Pick<ArchivedPart, 'batch' | 'positions'>[]): string {
  const digest = createHash('sha256')
  for (const { batch, positions } of parts) digest.update(`${batch}:${positions.toString('hex')}\n`)
  return digest.digest('hex')
}

/** What is signed of an archive. */
export const archiveHash = (
  archive: Pick<ArchiveRow, 'month' | 'sha256' | 'events'>,
  parts: readonly Pick<ArchivedPart, 'batch' | 'positions'>[],
): Buffer =>
  sha256(
    canonicalJson({
      month: archive.month,
      file: archive.sha256.toString('hex'),
      events: archive.events.toString(),
      parts: partsHash(parts),
    }),
  )
