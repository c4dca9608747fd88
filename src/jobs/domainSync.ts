import type { Price, Registrar } from '../integrations/registrars/types.ts'
import { domainSync as declared, type SyncPayload } from '../services/domainQueues.ts'
import * as registrations from '../services/domainRegistrationService.ts'
import type { Found, Look } from '../services/domainRegistrationService.ts'
import { registrarFor } from './domainOperation.ts'
import { valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

const minorOf = (price: Price | null): string | null => price && price.amountMinor.toString()

/** Whether it is a premium name, and what it costs; undefined: it was not said. */
async function premiumAt(registrar: Registrar, name: string): Promise<Found['premium']> {
  if (!registrar.caps.fees) return undefined
  const renew = await registrar.quote('renew', name, 1)
  if (renew.outcome !== 'ok' || renew.value.premium === null) return undefined
  if (!renew.value.premium) return null
  const restore = await registrar.quote('restore', name, 1)
  return {
    renew: minorOf(renew.value.price),
    restore: restore.outcome === 'ok' ? minorOf(restore.value.price) : null,
  }
}

/** Asks the registry. A transfer that is to be taken back is taken back first: doing so twice is the same. */
async function look(run: Run<SyncPayload>): Promise<Found | null> {
  const of = run.output('open') as Look | null
  if (of === null) return null
  const registrar = await registrarFor(run, of.accountId)
  const transferring = of.transfer
  if (transferring?.cancelAs) {
    const cancelled = await registrar.cancelTransfer(transferring.cancelAs, of.name)
    if (cancelled.outcome === 'rejected' && cancelled.code !== 'no_transfer') valueOf(cancelled)
  }
  const transfer = transferring ? valueOf(await registrar.transfer(of.name)) : null
  const facts = valueOf(await registrar.info(of.name))
  const premium = facts?.ours === true ? await premiumAt(registrar, of.name) : undefined
  return {
    ...(premium !== undefined && { premium }),
    seen: facts && registrations.seenOf(facts),
    transfer: transfer && { status: transfer.status, words: transfer.words },
  }
}

/** Compares a domain with what its registry says. What is found is the result, and looking again does no harm. */
export const domainSync: JobHandler<SyncPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'open',
      title: 'Finding out what is compared',
      commit: (ctx, { payload }) => registrations.lookAt(ctx, payload.tenantId, payload.domainId),
    },
    { name: 'look', title: 'Asking the registry', run: look, idempotent: true },
    {
      name: 'compare',
      title: 'Taking over what it says',
      commit: async (ctx, run) => {
        const found = run.output('look') as Found | null
        if (found !== null)
          await registrations.compare(ctx, run.payload.tenantId, run.payload.domainId, found)
      },
    },
  ],
}
