import { REVOKE_REASONS, type RevokeReason } from '../../shared/states/ssl.ts'
import { certificatesIn } from '../lib/x509/read.ts'
import { sslRevoke as declared, type RevokePayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { permanent, waitFor } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

/** Of the private CA nobody asks whether something is revoked: it is written down, and not issued again by itself. */
async function revoke(run: Run<RevokePayload>): Promise<void> {
  const { payload } = run
  const found = await run.read((ctx) => sslService.revocationOf(ctx, payload))
  if (found.account === null) return
  const [leaf] = certificatesIn(found.chainPem)
  if (!leaf) throw permanent('internal', 'the version has no certificate')
  const reason = REVOKE_REASONS[payload.reason as RevokeReason]
  const answer = await run.root.vendors.acme(found.account.connection).revoke(leaf.raw, reason, run.signal)
  if (answer.outcome === 'ok') return
  if (answer.outcome === 'unknown') throw waitFor('no_answer', answer.message)
  // Somebody has, or we have and did not hear so.
  if (answer.code === 'already_revoked') return
  if (answer.retryable) throw waitFor(answer.code, answer.message)
  throw permanent(answer.code, answer.message)
}

/** Revokes a certificate at the CA that has issued it. Asking twice does no harm. */
export const sslRevoke: JobHandler<RevokePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  failed: (ctx, payload, error) => sslService.markRevokeFailed(ctx, payload, error),
  steps: [
    { name: 'revoke', title: 'Revoking at the CA', run: revoke, idempotent: true },
    {
      name: 'note',
      title: 'Writing it down',
      commit: (ctx, run) => sslService.markRevoked(ctx, run.payload),
    },
  ],
}
