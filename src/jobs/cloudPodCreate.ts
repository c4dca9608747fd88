import * as BillingService from '../services/BillingService.ts'
import { podCreate, type CreatePayload } from '../services/cloudPodQueues.ts'
import * as cloudPodFirewallService from '../services/cloudPodFirewallService.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import { networkDeviations, sizeDeviations } from './cloudPodDrift.ts'
import { requireFirewall, setFirewall, wantedFirewall } from './cloudPodFirewall.ts'
import { TAG } from './cloudPodMark.ts'
import { doTask, findSettled, type Guest } from './cloudPodGuest.ts'
import { addresses, make, openForCreation, probeMake, unmake } from './cloudPodMake.ts'
import { network } from './cloudPodNetwork.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type PodRun = Run<CreatePayload>

const requireOurs = async (run: PodRun, guest: Guest) => {
  const ours = await findSettled(run, guest)
  if (!ours)
    throw permanent('guest_lost', `guest ${guest.pod.vmid} has disappeared while it was being set up`)
  return ours
}

async function configure(run: PodRun): Promise<void> {
  const guest = await openForCreation(run)
  const { ref, config } = await requireOurs(run, guest)
  const { pod } = guest
  const options = {
    cores: pod.cores,
    memory: pod.memory_mb,
    onboot: true,
    tags: TAG,
    ...network(guest, await addresses(run)),
    ...(pod.kind === 'vm' && pod.ssh_keys !== null ? { sshkeys: pod.ssh_keys } : {}),
  }
  await doTask(run, guest.proxmox, 'configuring', () =>
    guest.proxmox.configure(ref, options, { digest: config.digest, signal: run.signal }),
  )
  await setFirewall(run, { guest, ref, config }, await wantedFirewall(run))
}

async function growDisk(run: PodRun): Promise<void> {
  const guest = await openForCreation(run)
  const { ref, config } = await requireOurs(run, guest)
  const { diskKey, diskGb } = config
  if (diskKey === null) throw permanent('disk_missing', `guest ${guest.pod.vmid} has no root disk`)
  if (diskGb !== null && diskGb >= guest.pod.disk_gb) return
  await doTask(run, guest.proxmox, 'growing disk', () =>
    guest.proxmox.resizeDisk(ref, diskKey, guest.pod.disk_gb, run),
  )
}

async function start(run: PodRun): Promise<void> {
  const guest = await openForCreation(run)
  const { ref } = await requireOurs(run, guest)
  if (valueOf(await guest.proxmox.status(ref, run)).status === 'running') return
  await doTask(run, guest.proxmox, 'starting', () => guest.proxmox.start(ref, run))
}

/** Reads back what was ordered. Only what is proven here lets the pod become active. */
async function verify(run: PodRun): Promise<Record<string, unknown>> {
  const guest = await openForCreation(run)
  const { ref, config } = await requireOurs(run, guest)
  const { pod } = guest
  // A group may have been changed since it was set.
  await setFirewall(run, { guest, ref, config }, await wantedFirewall(run))
  await requireFirewall(run, { guest, ref, config }, await wantedFirewall(run))
  const status = valueOf(await guest.proxmox.status(ref, run)).status
  const wrong = [
    ...sizeDeviations(pod, config, true),
    ...networkDeviations(guest.proxmox.words, pod, await addresses(run), config),
    ...(status === 'running' ? [] : [{ what: 'power', expected: 'running', found: status }]),
  ].map(({ what, expected, found }) => `${what} ${found} instead of ${expected}`)
  if (wrong.length > 0)
    throw new JobError(
      'retry',
      'read_back_differs',
      `The guest is not what was ordered: ${wrong.join('; ')}.`,
    )
  return {
    vmid: pod.vmid,
    node: ref.node,
    cores: config.cores,
    memoryMb: config.memoryMb,
    diskGb: config.diskGb,
    net0: config.net0,
    status,
  }
}

export const cloudPodCreate: JobHandler<CreatePayload> = {
  kind: podCreate.kind,
  parse: (payload) => podCreate.payload.parse(payload),
  steps: [
    { name: 'make', title: 'Making the guest', run: make, probe: probeMake, undo: unmake },
    {
      name: 'configure',
      title: 'Setting cores, memory, network and firewall',
      run: configure,
      idempotent: true,
    },
    { name: 'disk', title: 'Growing the disk', run: growDisk, idempotent: true },
    { name: 'start', title: 'Starting', run: start, idempotent: true },
    { name: 'verify', title: 'Reading everything back', run: verify, idempotent: true },
    {
      name: 'activate',
      title: 'Handing over',
      commit: async (ctx, run) => {
        const evidence = run.output('verify') as Record<string, unknown>
        const pod = await cloudPodService.markActive(ctx, run.payload.tenantId, run.payload.podId, evidence)
        await cloudPodFirewallService.markProven(ctx, run.payload)
        await BillingService.podDelivered(ctx, pod)
      },
    },
  ],
  failed: async (ctx, payload, error) => {
    const pod = await cloudPodService.markFailed(ctx, payload.tenantId, payload.podId, error.message)
    await BillingService.deliveryFailed(ctx, pod, error.message)
  },
}
