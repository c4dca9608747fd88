import * as BillingService from '../services/BillingService.ts'
import { podDestroy, type PodPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import { remove } from './cloudPodMake.ts'
import { findOurs, openGuest } from './cloudPodGuest.ts'
import { openSecond } from './cloudPodSecond.ts'
import { JobError } from './errors.ts'
import type { JobHandler } from './steps.ts'

/** Destroying cannot be undone: what fails for good waits for a person, the pod keeping all it holds. */
export const cloudPodDestroy: JobHandler<PodPayload> = {
  kind: podDestroy.kind,
  parse: (payload) => podDestroy.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'remove',
      title: 'Stopping and destroying the guest',
      run: async (run) => {
        const second = await openSecond(run)
        await remove(run, await openGuest(run))
        if (second) await remove(run, second)
      },
      idempotent: true,
    },
    {
      name: 'prove',
      title: 'Proving that nothing is left',
      run: async (run) => {
        const guest = await openGuest(run)
        const second = await openSecond(run)
        for (const one of second ? [guest, second] : [guest])
          if (await findOurs(run, one))
            throw new JobError('retry', 'still_there', `guest ${one.pod.vmid} is still there`)
        return { vmid: guest.pod.vmid, free: true, at: run.root.now().toISOString() }
      },
      idempotent: true,
    },
    {
      name: 'release',
      title: 'Releasing address, VMID and capacity',
      commit: async (ctx, run) => {
        const evidence = run.output('prove') as Record<string, unknown>
        const pod = await cloudPodService.markDeleted(ctx, run.payload.tenantId, run.payload.podId, evidence)
        await BillingService.podGone(ctx, pod)
      },
    },
  ],
}
