import type { Ctx } from '../context.ts'
import * as idempotency from '../db/idempotency.ts'
import { AppError } from '../errors.ts'
import { sha256 } from '../lib/crypto.ts'

export type Answer = { status: number; headers: Record<string, string>; body: unknown }

/**
 * Runs `work` once for a key: its answer is stored in the transaction of its effect, and whoever sends the same request
 * with the same key gets that answer. A parallel one waits for the first.
 * @throws AppError idempotency_key_reused for the same key with another request
 */
export async function once(
  ctx: Ctx,
  key: { subject: string; key: string; request: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const requestHash = sha256(key.request)
  const stored = await idempotency.claim(ctx.tx, {
    subject: key.subject,
    key: key.key,
    requestHash,
    at: ctx.now(),
  })
  if (stored) {
    if (!stored.request_hash.equals(requestHash)) {
      throw new AppError(
        'idempotency_key_reused',
        'This Idempotency-Key was used for another request. Use a new key.',
      )
    }
    return stored.response as Answer
  }
  const answer = await work()
  await idempotency.store(ctx.tx, {
    subject: key.subject,
    key: key.key,
    status: answer.status,
    response: answer,
  })
  return answer
}
