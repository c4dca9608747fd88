import type { RegistryMessage } from '../integrations/registrars/types.ts'
import { faultOf } from '../lib/outcome.ts'
import { registrarPoll as declared, type PollPayload } from '../services/domainQueues.ts'
import * as domainRegistrarService from '../services/domainRegistrarService.ts'
import * as registrations from '../services/domainRegistrationService.ts'
import { registrarFor } from './domainOperation.ts'
import type { JobHandler, Run } from './steps.ts'

/** Messages in one job: the next job reads on. */
const MOST = 200

/** A message is stored, and only then acknowledged: what was told is told again until then. */
async function read(run: Run<PollPayload>): Promise<{ messages: number }> {
  const { accountId } = run.payload
  const registrar = await registrarFor(run, accountId)
  let problem: string | null = null
  let messages = 0
  let told: RegistryMessage['balance'] = null
  while (registrar.caps.poll && messages < MOST) {
    const answer = await registrar.poll()
    if (answer.outcome !== 'ok') problem = faultOf(answer)
    if (answer.outcome !== 'ok' || answer.value === null) break
    const message = answer.value
    await run.tx((ctx) => registrations.keepMessage(ctx, accountId, message))
    const acknowledged = await registrar.acknowledge(message.id)
    if (acknowledged.outcome !== 'ok') {
      problem = faultOf(acknowledged)
      break
    }
    messages += 1
    told = message.balance ?? told
  }
  const balance = problem === null ? await registrar.balance() : null
  const untold = balance?.outcome === 'rejected' && balance.code === 'unsupported'
  if (balance && balance.outcome !== 'ok' && !untold) problem = faultOf(balance)
  // Where only a message tells what is left, that is believed.
  const left = balance?.outcome === 'ok' ? balance.value : untold ? told : null
  await run.tx((ctx) => domainRegistrarService.noteHealth(ctx, accountId, problem, left))
  return { messages }
}

/** Reads what a registry has to tell, and what is left in the account. What fails is written down as the account's health. */
export const registrarPoll: JobHandler<PollPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [{ name: 'read', title: 'Reading the messages of the registry', run: read, idempotent: true }],
}
