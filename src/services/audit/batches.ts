import { createPublicKey, verify as verifySignature, type KeyObject } from 'node:crypto'
import type { BatchRow, SealedEvent } from '../../db/auditSeals.ts'
import { canonicalJson, parseExactly } from '../../lib/canonicalJson.ts'
import { sha256 } from '../../lib/crypto.ts'
import { HASH_BYTES, leafHash } from '../../lib/merkle.ts'

export const GENESIS = Buffer.alloc(HASH_BYTES)

/** The leaf of an event that was removed before it could be sealed. Nothing hashes to it. */
export const VANISHED = Buffer.alloc(HASH_BYTES)

const json = (text: string | null): unknown => (text === null ? null : parseExactly(text))

/** The hash of an event: of every field it has, as canonical JSON. */
export const leafOf = (event: SealedEvent): Buffer =>
  leafHash(
    canonicalJson({
      ...event,
      actor: json(event.actor),
      diff: json(event.diff),
      details: json(event.details),
    }),
  )

/** What a batch says of itself: this is what its successor names and what is signed. */
export const hashOf = (
  batch: Pick<BatchRow, 'number' | 'sealed_at' | 'events' | 'root' | 'previous'>,
): Buffer =>
  sha256(
    canonicalJson({
      number: batch.number.toString(),
      sealedAt: batch.sealed_at.toISOString(),
      events: sha256(batch.events.join('\n')).toString('hex'),
      root: batch.root.toString('hex'),
      previous: batch.previous.toString('hex'),
    }),
  )

export const leavesOf = (leaves: Buffer): Buffer[] =>
  Array.from({ length: leaves.length / HASH_BYTES }, (_, index) =>
    leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  )

/** @param key the public key as SPKI in base64 */
export const publicKeyOf = (key: string): KeyObject =>
  createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })

export const isSignedBy = (key: KeyObject, hash: Buffer, signature: Buffer): boolean =>
  verifySignature(null, hash, key, signature)
