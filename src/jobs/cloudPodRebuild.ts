import { podGoBack, podLetGo, podRebuild, type RebuildPayload } from '../services/cloudPodQueues.ts'
import * as rebuildService from '../services/cloudPodRebuildService.ts'
import { isUnplugged, KEPT_TAG, startsWithNode } from './cloudPodAside.ts'
import { networkDeviations, sizeDeviations } from './cloudPodDrift.ts'
import { exchangeSteps, look, requireSecond, type RebuildRun } from './cloudPodExchange.ts'
import { doTask, findOurs, findSettled, type Own } from './cloudPodGuest.ts'
import { addresses, makeAt, probeMakeAt, remove, unmakeAt, type Place } from './cloudPodMake.ts'
import { TAG } from './cloudPodMark.ts'
import { network } from './cloudPodNetwork.ts'
import { openSecond } from './cloudPodSecond.ts'
import { growDiskTo } from './cloudPodSize.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler } from './steps.ts'

/** Beside the pod's own guest. */
const BESIDE: Place<RebuildPayload> = {
  open: requireSecond,
  otherVmid: (run) => run.tx((ctx) => rebuildService.reassignSecond(ctx, run.payload)),
}

async function second(run: RebuildRun): Promise<Own> {
  const guest = await requireSecond(run)
  if (guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  const found = await findSettled(run, guest)
  if (!found)
    throw permanent('guest_lost', `guest ${guest.pod.vmid} has disappeared while it was being set up`)
  return { guest, ...found }
}

/** Everything but the cable and the start with its node. */
async function configure(run: RebuildRun): Promise<void> {
  const { guest, ref, config } = await second(run)
  const { pod } = guest
  const options = {
    cores: pod.cores,
    memory: pod.memory_mb,
    onboot: false,
    tags: `${TAG};${KEPT_TAG}`,
    ...network(guest, await addresses(run)),
    ...(pod.kind === 'vm' && pod.ssh_keys !== null ? { sshkeys: pod.ssh_keys } : {}),
  }
  await doTask(run, guest.proxmox, 'configuring', () =>
    guest.proxmox.configure(ref, options, { digest: config.digest, signal: run.signal }),
  )
}

/** Only what is whole may take the place of what runs. */
async function verify(run: RebuildRun): Promise<void> {
  const own = await second(run)
  const { guest, ref, config } = own
  const { status } = valueOf(await guest.proxmox.status(ref, run))
  const wrong = [
    ...[
      ...sizeDeviations(guest.pod, config, true),
      ...networkDeviations(guest.proxmox.words, guest.pod, await addresses(run), config),
      ...(status === 'stopped' ? [] : [{ what: 'power', expected: 'stopped', found: status }]),
    ].map(({ what, expected, found }) => `${what} ${found} instead of ${expected}`),
    ...(isUnplugged(own) ? [] : ['its card is not down']),
    ...(startsWithNode(config) ? ['it would start with its node'] : []),
  ]
  if (wrong.length > 0)
    throw new JobError('retry', 'read_back_differs', `The new guest is not whole: ${wrong.join('; ')}.`)
}

async function setUp(run: RebuildRun): Promise<void> {
  await configure(run)
  const own = await second(run)
  await growDiskTo(run, own, own.guest.pod.disk_gb)
  await verify(run)
}

/**
 * Makes a new guest beside the pod's own, and puts it in its place once it is whole. The former one is kept. Whatever fails,
 * the pod has the guest that it had.
 */
export const cloudPodRebuild: JobHandler<RebuildPayload> = {
  kind: podRebuild.kind,
  parse: (payload) => podRebuild.payload.parse(payload),
  steps: [
    {
      name: 'look',
      title: 'Looking at the present guest',
      run: (run) => look(run, false),
      idempotent: true,
    },
    {
      name: 'make',
      title: 'Making the new guest',
      run: (run) => makeAt(run, BESIDE),
      probe: (run) => probeMakeAt(run, BESIDE),
      undo: (run) => unmakeAt(run, BESIDE),
    },
    {
      name: 'setUp',
      title: 'Setting size and network, and reading everything back',
      run: setUp,
      idempotent: true,
    },
    ...exchangeSteps(true),
  ],
  failed: (ctx, payload, error) => rebuildService.markRebuildFailed(ctx, payload, error.message),
}

/** Puts the kept guest in the place of the pod's own, which is kept then. */
export const cloudPodGoBack: JobHandler<RebuildPayload> = {
  kind: podGoBack.kind,
  parse: (payload) => podGoBack.payload.parse(payload),
  steps: [
    { name: 'look', title: 'Looking at both guests', run: (run) => look(run, true), idempotent: true },
    ...exchangeSteps(false),
  ],
  failed: (ctx, payload, error) => rebuildService.markGoBackFailed(ctx, payload, error.message),
}

/** Destroys the kept guest. One that is not ours is left alone, and so is the pod's own. */
export const cloudPodLetGo: JobHandler<RebuildPayload> = {
  kind: podLetGo.kind,
  parse: (payload) => podLetGo.payload.parse(payload),
  steps: [
    {
      name: 'remove',
      title: 'Destroying the kept guest',
      run: async (run) => {
        const guest = await openSecond(run)
        if (guest) await remove(run, guest)
      },
      idempotent: true,
    },
    {
      name: 'prove',
      title: 'Proving that nothing is left',
      run: async (run) => {
        const guest = await openSecond(run)
        if (guest && (await findOurs(run, guest)))
          throw new JobError('retry', 'still_there', `guest ${guest.pod.vmid} is still there`)
      },
      idempotent: true,
    },
    {
      name: 'record',
      title: 'Releasing its VMID and its disk',
      commit: (ctx, run) => rebuildService.markLetGo(ctx, run.payload),
    },
  ],
  failed: (ctx, payload, error) => rebuildService.markLetGoFailed(ctx, payload, error.message),
}
