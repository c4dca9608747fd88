import { mailSend as declared, type SendPayload } from '../services/mailQueues.ts'
import * as documents from '../services/billingDocumentService.ts'
import * as mailService from '../services/mailService.ts'
import { JobError, kindOf, permanent } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

/** A mail that could not be sent for so long is not what its reader waits for any more. */
const PATIENCE_MS = 24 * 3_600_000

type Saved = { handingOver: boolean }
const wasHandedOver = (run: Run<SendPayload>): boolean => (run.saved() as Saved | null)?.handingOver === true

type Sent = { state: 'sent' | 'kept' | 'settled' }

const lost = () =>
  permanent(
    'answer_lost',
    'The mail was handed over and the answer of the mail server was lost: it may have arrived. It is not sent again.',
  )

async function documentOf(
  run: Run<SendPayload>,
  { tenantId, ...along }: NonNullable<mailService.Queued['along']>,
) {
  const of = along.creditNote === undefined ? 'invoice' : 'credit_note'
  const { name, content } = await documents.invoicePdf((work) => run.tx(work), tenantId, { ...along, of })
  return { name, type: 'application/pdf', content }
}

async function send(run: Run<SendPayload>): Promise<Sent> {
  const { mailId } = run.payload
  const { vendors, now } = run.root
  const mail = await run.read((ctx) => mailService.queued(ctx, mailId))
  if (!mail) return { state: 'settled' }
  if (vendors.mail === null) return { state: 'kept' }
  // What an earlier try has handed over was proven not to be taken.
  if (wasHandedOver(run)) await run.save({ handingOver: false } satisfies Saved)
  const files = mail.along === null ? [] : [await documentOf(run, mail.along)]
  const outcome = await vendors.mail.send({ ...mail.letter, files }, () =>
    run.save({ handingOver: true } satisfies Saved),
  )
  if (outcome.outcome === 'ok') return { state: 'sent' }
  if (outcome.outcome !== 'rejected') throw lost()
  await run.tx((ctx) => mailService.noteError(ctx, mailId, outcome.message))
  if (now().getTime() - mail.since.getTime() > PATIENCE_MS) throw permanent('too_old', outcome.message)
  throw new JobError(kindOf(outcome), outcome.code, outcome.message)
}

/**
 * No mail server can be asked whether it has taken a letter. Before the letter was handed over nothing can have been
 * taken; after that it is not sent again, since a second "your password was changed" is worse than none: a reset is
 * asked for anew by its user, an invitation is sent anew by a button.
 */
async function probe(run: Run<SendPayload>): Promise<Found> {
  if (wasHandedOver(run)) throw lost()
  return { done: false }
}

export const mailSend: JobHandler<SendPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    { name: 'send', title: 'Handing the mail to the mail server', run: send, probe },
    {
      name: 'record',
      title: 'Recording that it was sent',
      commit: async (ctx, run) => {
        const { state } = run.output('send') as Sent
        if (state !== 'settled') await mailService.settle(ctx, run.payload.mailId, state)
      },
    },
  ],
  failed: async (ctx, payload, error) => {
    await mailService.settle(ctx, payload.mailId, 'failed', error.message)
  },
}
