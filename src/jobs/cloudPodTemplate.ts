import * as pods from '../db/cloudPods.ts'
import * as templates from '../db/cloudPodTemplates.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import type { GuestConfig, GuestRef, Outcome } from '../integrations/proxmox/types.ts'
import { podTemplate, podTemplateRemove, type TemplatePayload } from '../services/cloudPodTemplateQueues.ts'
import * as cloudPodTemplateService from '../services/cloudPodTemplateService.ts'
import { requireFirewall, setFirewall } from './cloudPodFirewall.ts'
import type { Wanted } from './cloudPodFirewallRules.ts'
import { clientOf, doTask, findOurs, findSettled, ours, type Guest, type Own } from './cloudPodGuest.ts'
import { makeAt, probeMakeAt, remove, unmakeAt, type Place } from './cloudPodMake.ts'
import { TAG } from './cloudPodMark.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type TemplateRun = Run<TemplatePayload>

/** What every template of ours is tagged with beside our tag. */
const TEMPLATE_TAG = 'mpanel-template'

/** The guest of the blueprint, seen as if it was a pod's: its mark names the blueprint. */
const openTemplate = (run: TemplateRun): Promise<Guest> =>
  run.tx(async (ctx) => {
    const { podId, tenantId, blueprintId } = run.payload
    const pod = await pods.lock(ctx.tx, tenantId, podId)
    const row = await templates.find(ctx.tx, tenantId, blueprintId)
    if (!pod || !row) throw permanent('pod_missing', `template ${blueprintId} is not in the database`)
    return {
      proxmox: await clientOf(ctx, row.cluster_id),
      nodeName: row.node_name,
      storage: row.storage,
      pod: {
        ...pod,
        id: blueprintId,
        hostname: row.code,
        vmid: row.vmid,
        node_id: row.node_id,
        cluster_id: row.cluster_id,
      },
    }
  })

/** The pod's own guest, which must be off where the template is made, and have a drive for cloud-init. */
async function source(run: TemplateRun): Promise<Own> {
  const own = await ours(run)
  const { guest, ref, config } = own
  if (guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  if (valueOf(await guest.proxmox.status(ref, run)).status !== 'stopped')
    throw permanent('not_stopped', 'The guest is not off: something has started it meanwhile.')
  if (ref.node !== (await openTemplate(run)).nodeName)
    throw permanent('guest_moved', `The guest is on ${ref.node} by now: ask again when that is settled.`)
  if (!guest.proxmox.words.hasCloudInit(config.raw))
    throw permanent(
      'cloud_init_missing',
      'The guest has no cloud-init drive: pods made of it would not be told their addresses.',
    )
  return own
}

/** A full copy under a VMID of its own. What it copies is off, and nothing else is done to its pod meanwhile. */
async function requestCopy(run: TemplateRun, guest: Guest, storage: string): Promise<Outcome<never>> {
  const from = await source(run)
  return guest.proxmox.clone(
    {
      node: from.ref.node,
      templateVmid: from.ref.vmid,
      newVmid: guest.pod.vmid,
      name: guest.pod.hostname,
      description: guest.proxmox.words.templateMarkerOf(guest.pod.id, run.job.id),
      storage,
    },
    run,
  )
}

const COPY: Place<TemplatePayload> = {
  open: openTemplate,
  otherVmid: (run) => run.tx((ctx) => cloudPodTemplateService.reassignVmid(ctx, run.payload)),
  request: requestCopy,
}

/** @throws JobError `guest_lost`, and those of findOurs */
async function copy(run: TemplateRun): Promise<Own> {
  const guest = await openTemplate(run)
  if (guest.pod.state === 'deleting') throw permanent('cancelled', 'The pod is being destroyed.')
  const found = await findSettled(run, guest)
  if (!found)
    throw permanent('guest_lost', `guest ${guest.pod.vmid} has disappeared while it was being set up`)
  return { guest, ...found }
}

/** A copy brings the firewall along: its rules, and the addresses it may send from. */
const NO_FIREWALL: Wanted = { options: {}, rules: [], sources: [] }

/** Takes everything off the copy that says whose it is. A pod that is made of it is told its own. */
async function reset(run: TemplateRun): Promise<void> {
  const own = await copy(run)
  const { guest, ref, config } = own
  if (config.template) return
  const options = { tags: `${TAG};${TEMPLATE_TAG}`, onboot: false }
  await doTask(run, guest.proxmox, 'taking the identity off', () =>
    guest.proxmox.configure(ref, options, {
      digest: config.digest,
      remove: guest.proxmox.words.identityOptions(config.raw),
      signal: run.signal,
    }),
  )
  await setFirewall(run, own, NO_FIREWALL)
  requireAnonymous(await copy(run))
}

function requireAnonymous({ guest, config }: Own): void {
  const left = guest.proxmox.words.identityOptions(config.raw)
  if (left.length > 0)
    throw new JobError('retry', 'read_back_differs', `The copy still has ${left.join(', ')}.`)
}

/** Each disk becomes a base image. Whoever was broken off in between has left a template with disks that are none. */
async function convert(run: TemplateRun): Promise<void> {
  const { guest, ref, config } = await copy(run)
  const { proxmox } = guest
  const left = proxmox.words.unconvertedDisks(config.raw)
  for (const disk of config.template ? left : [null])
    await doTask(run, proxmox, 'making it a template', () => proxmox.makeTemplate(ref, disk, run))
}

/** @returns the names of the nodes that can make pods of it */
async function readBack(run: TemplateRun): Promise<string[]> {
  const own = await copy(run)
  const { guest, ref, config } = own
  requireAnonymous(own)
  await requireFirewall(run, own, NO_FIREWALL)
  const left = guest.proxmox.words.unconvertedDisks(config.raw)
  const { status } = valueOf(await guest.proxmox.status(ref, run))
  if (!config.template || left.length > 0 || status !== 'stopped')
    throw new JobError('retry', 'read_back_differs', 'The copy is not a template yet.')
  return nodesFor(run, guest, ref, config)
}

/** Its own node; and, where it lies on a shared storage, every node that keeps its pods on one and reaches both. */
async function nodesFor(
  run: TemplateRun,
  { proxmox, pod }: Guest,
  ref: GuestRef,
  { raw, diskKey }: GuestConfig,
): Promise<string[]> {
  const lies = proxmox.words.storageOf(raw[diskKey ?? ''] ?? '')
  const sharedOn = async (node: string): Promise<Set<string>> => {
    const all = valueOf(await proxmox.storages(node, run))
    return new Set(all.filter(({ shared, active }) => shared && active).map(({ name }) => name))
  }
  if (!(await sharedOn(ref.node)).has(lies)) return [ref.node]
  const known = await run.read((ctx) => infrastructure.nodesOf(ctx.tx, pod.cluster_id))
  const found = [ref.node]
  for (const { name, status, storage } of known) {
    if (name === ref.node || status !== 'online' || storage === null) continue
    const shared = await sharedOn(name)
    if (shared.has(lies) && shared.has(storage)) found.push(name)
  }
  return found
}

/** Copies a pod's guest and makes the copy the template of a blueprint of the pod's tenant. The pod is not touched. */
export const cloudPodTemplate: JobHandler<TemplatePayload> = {
  kind: podTemplate.kind,
  parse: (payload) => podTemplate.payload.parse(payload),
  steps: [
    {
      name: 'look',
      title: 'Looking at the guest',
      run: async (run) => void (await source(run)),
      idempotent: true,
    },
    {
      name: 'make',
      title: 'Copying the guest',
      run: (run) => makeAt(run, COPY),
      probe: (run) => probeMakeAt(run, COPY),
      undo: (run) => unmakeAt(run, COPY),
    },
    { name: 'reset', title: 'Taking addresses, keys and names off', run: reset, idempotent: true },
    { name: 'convert', title: 'Making it a template', run: convert, idempotent: true },
    { name: 'readBack', title: 'Reading everything back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording the blueprint',
      commit: (ctx, run) =>
        cloudPodTemplateService.markReady(ctx, run.payload, run.output('readBack') as string[]),
    },
  ],
  failed: (ctx, payload, error) => cloudPodTemplateService.markFailed(ctx, payload, error.message),
}

/** Destroys the template of a blueprint. That is not undone: one that could not be destroyed can be used on. */
export const cloudPodTemplateRemove: JobHandler<TemplatePayload> = {
  kind: podTemplateRemove.kind,
  parse: (payload) => podTemplateRemove.payload.parse(payload),
  steps: [
    {
      name: 'remove',
      title: 'Destroying the template',
      run: async (run) => remove(run, await openTemplate(run)),
      idempotent: true,
    },
    {
      name: 'prove',
      title: 'Proving that nothing is left',
      run: async (run) => {
        const guest = await openTemplate(run)
        if (await findOurs(run, guest))
          throw new JobError('retry', 'still_there', `guest ${guest.pod.vmid} is still there`)
      },
      idempotent: true,
    },
    {
      name: 'record',
      title: 'Recording that it is gone',
      commit: (ctx, run) => cloudPodTemplateService.markRemoved(ctx, run.payload),
    },
  ],
  failed: (ctx, payload, error) => cloudPodTemplateService.markRemovalFailed(ctx, payload, error.message),
}
