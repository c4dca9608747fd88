import { tenantClose as declared, type ClosePayload } from '../services/tenantQueues.ts'
import {
  backupsLeft,
  closeWhenEmpty,
  deleteSomeBackups,
  endSome,
  endZones,
  eraseSome,
  rememberPods,
  removeTemplates,
  stillThere,
} from '../services/tenantClosureService.ts'
import { waitFor } from './errors.ts'
import type { JobHandler } from './steps.ts'

/**
 * Ends a tenant: everything in it is ended and destroyed by the jobs that always do that, then its data are erased.
 * Nothing of it can be undone: what fails for good waits for a person.
 */
export const tenantClose: JobHandler<ClosePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'end',
      title: 'Cancelling subscriptions and ordering the destruction of pods',
      run: async (run) => {
        while (await run.tx((ctx) => endSome(ctx, run.payload))) run.signal.throwIfAborted()
      },
      idempotent: true,
    },
    {
      name: 'backups',
      title: 'Deleting backups, templates and zones',
      run: async (run) => {
        await run.tx((ctx) => endZones(ctx, run.payload))
        while (await run.tx((ctx) => deleteSomeBackups(ctx, run.payload))) run.signal.throwIfAborted()
        const left = await run.read((ctx) => backupsLeft(ctx, run.payload))
        const templates = await run.tx((ctx) => removeTemplates(ctx, run.payload))
        if (left > 0) throw waitFor('still_there', `${left} backups are not deleted yet.`)
        if (templates > 0) throw waitFor('still_there', `${templates} templates are not removed yet.`)
      },
      idempotent: true,
    },
    {
      name: 'gone',
      title: 'Waiting until every pod is proven gone',
      commit: async (ctx, run) => {
        const reason = await stillThere(ctx, run.payload)
        if (reason !== null) throw waitFor('still_there', reason)
        await rememberPods(ctx, run.payload)
      },
    },
    {
      name: 'erase',
      title: 'Erasing data',
      run: async (run) => {
        let total = 0
        for (let from = 0; ;) {
          run.signal.throwIfAborted()
          const at = from
          const { rows, stage } = await run.tx((ctx) => eraseSome(ctx, run.payload, at))
          if (rows === 0) return
          total += rows
          from = stage
          await run.progress(null, `${total} rows erased`)
        }
      },
      idempotent: true,
    },
    {
      name: 'close',
      title: 'Counting what is left and signing the proof',
      commit: async (ctx, run) => {
        // What came in since the last step goes as well.
        while ((await eraseSome(ctx, run.payload)).rows > 0);
        const left = await closeWhenEmpty(ctx, run.payload)
        if (left.length > 0) throw waitFor('not_empty', `There are still rows in ${left.join(', ')}.`)
      },
    },
  ],
}
