import { createPublicKey, verify as verifySignature, type KeyObject } from 'node:crypto'
import type { BatchRow, SealedEvent } from '../../db/auditSeals.ts'
import { canonicalJson, canonicalText } from '../../lib/canonicalJson.ts'
import { sha256 } from '../../lib/crypto.ts'
import { HASH_BYTES, leafHash } from '../../lib/merkle.ts'

export const GENESIS = Buffer.alloc(HASH_BYTES)

/** The leaf of an event that was removed before it could be sealed. Nothing hashes to it. */
export const VANISHED = Buffer.alloc(HASH_BYTES)

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
 * here, which is several times faster than sorting them for each event.
 */
export const contentOf = (event: SealedEvent): string => {
  const text = JSON.stringify
  return (
    `{"action":${text(event.action)},"actor":${actorJson(event.actor)},"at":${text(event.at)},` +
    `"correlation_id":${text(event.correlation_id)},"details":${json(event.details)},"diff":${json(event.diff)},` +
    `"id":${text(event.id)},"ip":${text(event.ip)},"job_id":${text(event.job_id)},` +
    `"outcome":${text(event.outcome)},"request_id":${text(event.request_id)},` +
    `"target_id":${text(event.target_id)},"target_label":${text(event.target_label)},` +
    `"target_type":${text(event.target_type)},"tenant_id":${text(event.tenant_id)},` +
    `"user_agent":${text(event.user_agent)}}`
  )
}

/** The hash of an event. */
export const leafOf = (event: SealedEvent): Buffer => leafHash(contentOf(event))

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

export const leavesOf = (leaves: Buffer): Buffer[] =>
  Array.from({ length: leaves.length / HASH_BYTES }, (_, index) =>
    leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  )

/** @param key the public key as SPKI in base64 */
export const publicKeyOf = (key: string): KeyObject =>
  createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })

export const isSignedBy = (key: KeyObject, hash: Buffer, signature: Buffer): boolean =>
  verifySignature(null, hash, key, signature)
