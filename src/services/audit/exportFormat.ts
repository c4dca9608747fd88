import type { BatchRow, SealedEvent } from '../../db/auditSeals.ts'
import { sha256 } from '../../lib/crypto.ts'
import { contentOf, idsHashOf } from './batches.ts'

/**
 * The lines of an exported file; docs/modules/audit.md describes them. Each is JSON of its own. An event stands at the
 * end of its line as the very text that was hashed.
 */
export type Header = {
  kind: 'mpanel-audit-export'
  version: 1
  exportedAt: string
  /** Ed25519 as SPKI in base64; null when nothing was sealed yet. */
  publicKey: string | null
  /** Those before it, where a key was lost. What they have signed counts. */
  formerKeys?: readonly string[]
  /** Every event of the batches is in the file, so that a gap shows. Otherwise each event has a path to its batch. */
  complete: boolean
  tenants: 'all' | readonly string[]
  filter: Record<string, string>
}

export type BatchLine = {
  kind: 'batch'
  number: string
  sealedAt: string
  size: number
  events: string
  root: string
  previous: string
  hash: string
  signature: string
}

/** What stands before the event itself. `record` counts the events of the file from 1, `position` those of the batch from 0. */
export type EventHead = {
  kind: 'event'
  record: number
  batch: string | null
  position: number | null
  leaf: string
  path?: string[]
  withheld?: ['details']
}

export const batchLine = (batch: BatchRow): BatchLine => ({
  kind: 'batch',
  number: batch.number.toString(),
  sealedAt: batch.sealed_at.toISOString(),
  size: batch.events.length,
  events: idsHashOf(batch.events),
  root: batch.root.toString('hex'),
  previous: batch.previous.toString('hex'),
  hash: batch.hash.toString('hex'),
  signature: batch.signature.toString('hex'),
})

const EVENT = ',"event":'

export function eventLine(head: EventHead, event: SealedEvent): string {
  const shown = head.withheld ? { ...event, details: null } : event
  return `${JSON.stringify(head).slice(0, -1)}${EVENT}${contentOf(shown)}}`
}

/** The two halves of an event's line. Nothing before the event can hold the words that part them. */
export function readEventLine(line: string): { head: unknown; content: string } {
  const at = line.indexOf(EVENT)
  return { head: JSON.parse(`${line.slice(0, at)}}`), content: line.slice(at + EVENT.length, -1) }
}

/** What is signed at the end: never to be taken for the hash of a batch. */
export const fileHash = (sha256Hex: string): Buffer => sha256(`mpanel-audit-export:${sha256Hex}`)
