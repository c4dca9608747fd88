import { OutgoingFault } from '../lib/outgoing.ts'
import { sslDeliver as declared, type DeliverPayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { JobError } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

/** What was delivered; null when there was nothing to deliver any more. */
export type Delivered = { id: string; fingerprint: string } | null

/** A repeated delivery has the same number, and does no harm. */
async function post(run: Run<DeliverPayload>): Promise<Delivered> {
  const delivery = await run.read((ctx) => sslService.openDelivery(ctx, run.payload))
  if (delivery === null) return null
  const { certificate, target, version, keyPem, secret } = delivery
  try {
    await run.root.vendors.webhook(
      { url: target.address ?? '', secret, ca: target.ca_pem ?? undefined },
      {
        id: `${target.id}.${version.id}`,
        at: run.root.now(),
        body: {
          event: 'certificate.issued',
          certificateId: certificate.id,
          names: certificate.names,
          fingerprint: version.fingerprint,
          notAfter: version.not_after,
          chainPem: version.chain_pem,
          ...(target.with_key ? { keyPem } : {}),
        },
      },
    )
  } catch (error) {
    if (error instanceof OutgoingFault)
      throw new JobError('retry', 'not_delivered', `${target.name}: ${error.message}.`)
    throw error
  }
  return { id: version.id, fingerprint: version.fingerprint }
}

/** Posts the current version of a certificate to a webhook, signed. */
export const sslDeliver: JobHandler<DeliverPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  failed: (ctx, payload, error) => sslService.markDeliveryFailed(ctx, payload, error),
  steps: [
    { name: 'post', title: 'Sending the certificate', run: post, idempotent: true },
    {
      name: 'note',
      title: 'Writing it down',
      commit: async (ctx, run) => {
        const delivered = run.output('post') as Delivered
        if (delivered !== null) await sslService.markDelivered(ctx, run.payload, delivered)
      },
    },
  ],
}
