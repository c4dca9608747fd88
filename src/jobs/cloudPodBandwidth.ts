import { podBandwidth, type BandwidthPayload, type PodPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodTrafficService from '../services/cloudPodTrafficService.ts'
import { doTask, ours, whatIsLeft, type Own } from './cloudPodGuest.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type BandwidthRun = Run<BandwidthPayload>

/** Makes the first card as fast as this, null: without a limit. Everything else about the card stays as it is. */
export async function setRate(
  run: Run<PodPayload>,
  { guest: { proxmox, pod }, ref, config }: Own,
  rateMbps: number | null,
): Promise<void> {
  const { words } = proxmox
  if (config.net0 === null) throw permanent('card_missing', `guest ${pod.vmid} has no network card`)
  if (rateOf(words.parseNet0(config.net0)) === rateMbps) return
  const net0 = words.withRate(config.net0, rateMbps === null ? null : words.mbsOf(rateMbps))
  await doTask(run, proxmox, 'setting the speed of the network', () =>
    proxmox.configure(ref, { net0 }, { digest: config.digest, signal: run.signal }),
  )
}

/** In Mbit/s. */
const rateOf = (card: { rateMbs: number | null } | null): number | null =>
  card?.rateMbs === null || card === null ? null : card.rateMbs * 8

async function verify(run: BandwidthRun): Promise<void> {
  const { guest, ref, config } = await ours(run)
  const found = rateOf(guest.proxmox.words.parseNet0(config.net0))
  const { rateMbps } = run.payload
  if (found !== rateMbps)
    throw new JobError(
      'retry',
      'read_back_differs',
      `The network card has ${found ?? 'no limit'} instead of ${rateMbps ?? 'no limit'}.`,
    )
  if (valueOf(await guest.proxmox.pending(ref, run)).includes('net0'))
    await run.log('the guest takes the new speed over at its next restart', 'warning')
}

/** Sets how fast the network card of a pod is. */
export const cloudPodBandwidth: JobHandler<BandwidthPayload> = {
  kind: podBandwidth.kind,
  parse: (payload) => podBandwidth.payload.parse(payload),
  steps: [
    {
      name: 'set',
      title: 'Setting the speed of the network',
      run: async (run) => {
        const own = await ours(run)
        if (own.guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
        await setRate(run, own, run.payload.rateMbps)
      },
      idempotent: true,
      undo: async (run) => {
        const own = await whatIsLeft(run)
        if (own && own.config.net0 !== null) await setRate(run, own, own.guest.pod.rate_mbps)
      },
    },
    { name: 'verify', title: 'Reading it back', run: verify, idempotent: true },
    {
      name: 'record',
      title: 'Recording the speed',
      commit: (ctx, run) => cloudPodTrafficService.markRate(ctx, run.payload),
    },
  ],
  failed: (ctx, payload, error) => cloudPodTrafficService.markRateFailed(ctx, payload, error.message),
}
