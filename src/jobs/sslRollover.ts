import { sslRollover as declared, type RolloverPayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { JobError, permanent, waitFor } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type RolloverRun = Run<RolloverPayload>

/** The key that signs the request is the old one: it is refused once the CA has the new one. */
async function change(run: RolloverRun): Promise<void> {
  const open = await run.tx((ctx) => sslService.openKeyChange(ctx, run.payload))
  if (open === null) return
  const answer = await run.root.vendors.acme(open.now).changeKey(open.next.accountKeyPem, run.signal)
  if (answer.outcome === 'ok') return
  if (answer.outcome === 'unknown') throw new JobError('unknown', 'answer_lost', answer.message)
  if (answer.retryable || answer.code === 'rate_limited') throw waitFor(answer.code, answer.message)
  throw permanent(answer.code, answer.message)
}

/** Which key the CA has, asked of the CA itself: an account is found by its key. @throws JobError */
async function hasNext(run: RolloverRun): Promise<boolean> {
  const open = await run.tx((ctx) => sslService.openKeyChange(ctx, run.payload))
  if (open === null) return true
  const asked = { email: null, onlyExisting: true }
  const answer = await run.root.vendors.acme({ ...open.next, accountUrl: null }).register(asked, run.signal)
  if (answer.outcome === 'ok') return answer.value.url === open.next.accountUrl
  if (answer.outcome === 'rejected' && answer.code === 'account_missing') return false
  throw waitFor('no_answer', answer.message)
}

const look = async (run: RolloverRun): Promise<Found> => ({ done: await hasNext(run) })

/** What the CA has counts: a key that it has taken is not taken back. */
const settle = async (run: RolloverRun): Promise<void> => {
  const isChanged = await hasNext(run)
  await run.tx((ctx) =>
    isChanged ? sslService.finishKeyChange(ctx, run.payload) : sslService.dropKeyChange(ctx, run.payload),
  )
}

/** Gives the account at a CA another key. As long as it is not known which one the CA has, nothing else uses the account. */
export const sslRollover: JobHandler<RolloverPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    { name: 'change', title: 'Telling the CA the new key', run: change, probe: look, undo: settle },
    {
      name: 'keep',
      title: 'Using the new key',
      commit: (ctx, run) => sslService.finishKeyChange(ctx, run.payload),
    },
  ],
}
