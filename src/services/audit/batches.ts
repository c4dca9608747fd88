import { createPublicKey, verify as verifySignature, type KeyObject } from 'node:crypto'
import type { BatchRow, SealedEvent } from '../../db/auditSeals.ts'
import { canonicalJson, canonicalText } from '../../lib/canonicalJson.ts'
import { sha256 } from '../../lib/crypto.ts'
import { HASH_BYTES, leafHash } from '../../lib/merkle.ts'

export const GENESIS = Buffer.alloc(HASH_BYTES)

/** The leaf of an event that was removed before it could be sealed. Nothing hashes to it. */
export const VANISHED = GENESIS.toString('hex')

const json = (text: string | null): string => (text === null ? 'null' : canonicalText(text))

/** Few do much: the same actor stands in many events. */
const MAX_ACTORS = 10_000
const actors = new Map<string, string>()
function actorJson(text: string): string {
  const known = actors.get(text)
  if (known !== undefined) return known
  if (actors.size >= MAX_ACTORS) actors.clear()
  const made = canonicalText(text)
  actors.set(text, made)
  return made
}

/**
 * What is hashed of an event: every field it has, as canonical JSON. The fields are listed in the order of their names
 * here, which is several times faster than sorting them for each event, and written at once where none stands between
 * them that is JSON already.
 */
export const contentOf = (event: SealedEvent): string => {
  const last = JSON.stringify({
    id: event.id,
    ip: event.ip,
    job_id: event.job_id,
    outcome: event.outcome,
    request_id: event.request_id,
    target_id: event.target_id,
    target_label: event.target_label,
    target_type: event.target_type,
    tenant_id: event.tenant_id,
    user_agent: event.user_agent,
  })
  return (
    `{"action":${JSON.stringify(event.action)},"actor":${actorJson(event.actor)},"at":${JSON.stringify(event.at)},` +
    `"correlation_id":${JSON.stringify(event.correlation_id)},"details":${json(event.details)},` +
    `"diff":${json(event.diff)},${last.slice(1)}`
  )
}

/** The hash of an event, as hex. */
export const leafOf = (event: SealedEvent): string => leafHash(contentOf(event))

/** The hash of the ids of a batch's events, in their order. */
export const idsHashOf = (events: readonly string[]): string => sha256(events.join('\n')).toString('hex')

type Head = {
  number: string
  sealedAt: string
  /** See `idsHashOf`. */
  events: string
  root: string
  previous: string
}

/** The hash of a batch from what its head says. */
export const headHash = ({ number, sealedAt, events, root, previous }: Head): Buffer =>
  sha256(canonicalJson({ number, sealedAt, events, root, previous }))

/** What a batch says of itself: this is what its successor names and what is signed. */
export const hashOf = (
  batch: Pick<BatchRow, 'number' | 'sealed_at' | 'events' | 'root' | 'previous'>,
): Buffer =>
  headHash({
    number: batch.number.toString(),
    sealedAt: batch.sealed_at.toISOString(),
    events: idsHashOf(batch.events),
    root: batch.root.toString('hex'),
    previous: batch.previous.toString('hex'),
  })

/** The hashes of a batch's events, as hex. */
export function leavesOf(leaves: Buffer): string[] {
  const text = leaves.toString('hex')
  const digits = 2 * HASH_BYTES
  return Array.from({ length: text.length / digits }, (_, index) =>
    text.slice(index * digits, (index + 1) * digits),
  )
}

/** @param key the public key as SPKI in base64 */
export const publicKeyOf = (key: string): KeyObject =>
  createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })

/** By one of the installation's keys: a key that was lost is followed by another. */
export const isSignedBy = (keys: readonly KeyObject[], hash: Buffer, signature: Buffer): boolean =>
  keys.some((key) => verifySignature(null, hash, key, signature))
