import type { Acme, AcmeOrder } from '../integrations/acme/types.ts'
import { makeRequest, newKey } from '../lib/x509/make.ts'
import { CertificateFault, certificatesIn, namesOf, requireChain, requireKeyOf } from '../lib/x509/read.ts'
import { sslIssue as declared, type IssuePayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { permanent } from './errors.ts'
import { acmeOf, answered, look, opened, type IssueRun } from './sslIssueAccount.ts'
import { findOrder, giveUp, placeOrder, precheck } from './sslIssueOrder.ts'
import { answer, choose, served, validated } from './sslIssueProof.ts'
import type { JobHandler } from './steps.ts'

/** The order as it is now. @throws JobError when it came to nothing */
async function orderNow(run: IssueRun, acme: Acme): Promise<AcmeOrder> {
  const { order } = await opened(run)
  const now = await answered(run, await acme.order(order.url ?? '', run.signal))
  if (now.status === 'invalid')
    throw permanent('order_invalid', now.problem ?? 'The CA has ended the order: it is asked for anew.')
  return now
}

/** A new key for every certificate; it is kept before the CA hears of it. */
async function finalize(run: IssueRun): Promise<void> {
  const { certificate, order } = await opened(run)
  const made = await newKey()
  const keyPem = await run.tx((ctx) => sslService.keepKey(ctx, order, made))
  const { acme } = await acmeOf(run)
  await look(
    run,
    async () => {
      const now = await orderNow(run, acme)
      if (now.status === 'pending') return { pauseMs: now.retryAfterMs }
      if (now.status !== 'ready') return { done: null }
      const sent = await acme.finalize(
        now.finalizeUrl,
        await makeRequest(certificate.names, keyPem),
        run.signal,
      )
      // It was finalized meanwhile, or is not quite ready: the order says which.
      if (sent.outcome === 'rejected' && sent.code === 'order_not_ready') return { pauseMs: null }
      await answered(run, sent)
      return { done: null }
    },
    'The CA does not take the request yet.',
  )
}

/** @returns the chain, of which is proven that it is in order, for our key and our names */
async function download(run: IssueRun): Promise<string> {
  const { certificate, order } = await opened(run)
  const keyPem = await run.tx((ctx) => sslService.keepKey(ctx, order, ''))
  const { acme } = await acmeOf(run)
  const url = await look<string>(
    run,
    async () => {
      const now = await orderNow(run, acme)
      return now.certificateUrl === null ? { pauseMs: now.retryAfterMs } : { done: now.certificateUrl }
    },
    'The CA has not issued the certificate yet.',
  )
  const { pem } = await answered(run, await acme.certificate(url, run.signal))
  try {
    const leaf = requireChain(certificatesIn(pem))
    requireKeyOf(leaf, keyPem)
    const names = new Set(namesOf(leaf))
    const missing = certificate.names.filter((name) => !names.has(name))
    if (missing.length > 0) throw new CertificateFault(`It does not name ${missing.join(', ')}.`)
  } catch (error) {
    if (error instanceof CertificateFault)
      throw permanent('chain_wrong', `What the CA has issued cannot be used. ${error.message}`)
    throw error
  }
  return pem
}

/** Safe when nothing is shown yet. */
const unshow = (run: IssueRun): Promise<void> => run.tx((ctx) => sslService.removeProofs(ctx, run.payload))

/**
 * Has a CA issue a certificate. A worker may die between any two steps: the order is looked for before it is made again, the
 * key is kept before it is used, and the proofs are taken away in any case.
 */
export const sslIssue: JobHandler<IssuePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  failed: (ctx, payload, error) => sslService.markFailed(ctx, payload, error),
  steps: [
    {
      name: 'precheck',
      title: 'Looking whether the CA may issue for the names',
      run: precheck,
      idempotent: true,
    },
    { name: 'order', title: 'Ordering at the CA', run: placeOrder, probe: findOrder, undo: giveUp },
    {
      name: 'choose',
      title: 'Choosing how the names are proven',
      run: choose,
      idempotent: true,
      undo: unshow,
    },
    {
      name: 'present',
      title: 'Showing the proofs',
      commit: (ctx, run) => sslService.presentProofs(ctx, run.payload),
      undo: unshow,
    },
    {
      name: 'served',
      title: 'Waiting until the name servers show the proofs',
      run: served,
      idempotent: true,
    },
    { name: 'answer', title: 'Telling the CA to look', run: answer, idempotent: true },
    {
      name: 'validated',
      title: 'Waiting until the CA has seen the proofs',
      run: validated,
      idempotent: true,
    },
    { name: 'finalize', title: 'Sending the request', run: finalize, idempotent: true },
    { name: 'download', title: 'Fetching and checking the certificate', run: download, idempotent: true },
    {
      name: 'clean',
      title: 'Taking the proofs away',
      commit: (ctx, run) => sslService.removeProofs(ctx, run.payload),
    },
    {
      name: 'keep',
      title: 'Putting the certificate in force',
      commit: (ctx, run) => sslService.finishOrder(ctx, run.payload, run.output('download') as string),
    },
  ],
}
