import * as addresses from '../db/cloudPodAddresses.ts'
import type { PodAddress } from '../db/cloudPodAddresses.ts'
import * as cloudPodAddressService from '../services/cloudPodAddressService.ts'
import { podAddress, type AddressPayload } from '../services/cloudPodQueues.ts'
import { requireFirewall, setFirewall, wantedFirewall } from './cloudPodFirewall.ts'
import { ours, whatIsLeft, type Own } from './cloudPodGuest.ts'
import { requireClaimed, tell, tells } from './cloudPodNetwork.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type AddressRun = Run<AddressPayload>

/** What the guest has with this change, or had before it. */
async function heldWhen(run: AddressRun, when: 'before' | 'after'): Promise<PodAddress[]> {
  const { podId, address, change } = run.payload
  const all = await run.read((ctx) => addresses.held(ctx.tx, podId))
  const isThere = (change === 'add') === (when === 'after')
  return isThere ? all : all.filter((one) => one.address !== address)
}

/** A guest is never told an address from which it may not send. */
async function make(run: AddressRun, own: Own, held: readonly PodAddress[]): Promise<void> {
  const isManaged = own.guest.pod.firewall_managed
  const all = isManaged ? await wantedFirewall(run, held) : null
  if (all && isAdding(run)) await setFirewall(run, own, all)
  await tell(run, own, held)
  if (all && !isAdding(run)) await setFirewall(run, own, all)
}

const isAdding = ({ payload }: AddressRun): boolean => payload.change === 'add'

async function verify(run: AddressRun): Promise<void> {
  const own = await ours(run)
  const { ref, config } = own
  const { proxmox, pod } = own.guest
  if (!tells(proxmox.words, pod.kind, config, await heldWhen(run, 'after')))
    throw new JobError('retry', 'read_back_differs', 'The guest does not have the addresses it was given.')
  if (pod.firewall_managed)
    await requireFirewall(run, own, await wantedFirewall(run, await heldWhen(run, 'after')))
  const isRunning = valueOf(await proxmox.status(ref, run)).status === 'running'
  if (pod.kind === 'vm' && isRunning)
    await run.log('the guest takes its addresses over at its next restart', 'warning')
}

/** Puts an address on the card of a guest, or takes one off; of a further one of a family the guest is told nothing. */
export const cloudPodAddress: JobHandler<AddressPayload> = {
  kind: podAddress.kind,
  parse: (payload) => podAddress.payload.parse(payload),
  steps: [
    {
      name: 'set',
      title: 'Setting the addresses',
      run: async (run) => {
        const own = await ours(run)
        if (own.guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
        if (isAdding(run)) await requireClaimed(run)
        await make(run, own, await heldWhen(run, 'after'))
      },
      idempotent: true,
      undo: async (run) => {
        const own = await whatIsLeft(run)
        if (own && own.config.net0 !== null) await make(run, own, await heldWhen(run, 'before'))
      },
    },
    { name: 'verify', title: 'Reading them back', run: verify, idempotent: true },
    {
      name: 'record',
      title: 'Recording the change',
      commit: (ctx, run) => cloudPodAddressService.markChanged(ctx, run.payload),
    },
  ],
  failed: (ctx, payload, error) => cloudPodAddressService.markChangeFailed(ctx, payload, error.message),
}
