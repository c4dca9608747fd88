import type { SecurityRule } from '../../shared/api/cloudPodFirewall.ts'
import * as addresses from '../db/cloudPodAddresses.ts'
import type { PodAddress } from '../db/cloudPodAddresses.ts'
import * as groups from '../db/cloudPodFirewall.ts'
import type { GuestRef, Proxmox } from '../integrations/proxmox/types.ts'
import type { FirewallRule } from '../integrations/proxmox/types.ts'
import { podFirewall, type PodPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodFirewallService from '../services/cloudPodFirewallService.ts'
import { firewallDeviations, sameRules, wantedOf, type Wanted } from './cloudPodFirewallRules.ts'
import { ours, type Own } from './cloudPodGuest.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type PodRun = Run<PodPayload>

/** What the pod's groups and addresses say. @param held other addresses than those it holds */
export const wantedFirewall = (
  { read, payload: { tenantId, podId } }: Pick<PodRun, 'read' | 'payload'>,
  held?: readonly PodAddress[],
): Promise<Wanted> =>
  read(async (ctx) => {
    const under = await groups.ofPod(ctx.tx, tenantId, podId)
    return wantedOf(
      held ?? (await addresses.addressesOf(ctx.tx, podId)),
      under.map(({ rules }) => ({ rules: rules as SecurityRule[] })),
    )
  })

/**
 * Makes the guest's firewall what it is to be: reads it and writes what differs, each write with the digest of what was
 * read. What is to be allowed is there before anything is forbidden: addresses before the filter, new rules before the
 * old ones go.
 */
export async function setFirewall(
  run: PodRun,
  { guest: { proxmox }, ref }: Own,
  wanted: Wanted,
): Promise<void> {
  const now = valueOf(await proxmox.firewall(ref, run))
  if (firewallDeviations(wanted, now).length === 0) return
  const sources = now.sources ?? []
  if (now.sources === null) valueOf(await proxmox.makeSources(ref, run))
  for (const cidr of wanted.sources.filter((one) => !sources.includes(one)))
    valueOf(await proxmox.addSource(ref, cidr, run))
  if (!sameRules(wanted.rules, now.rules)) await replaceRules(run, proxmox, ref, wanted.rules)
  if (Object.entries(wanted.options).some(([key, value]) => now.options[key] !== value))
    valueOf(await proxmox.setFirewallOptions(ref, wanted.options, now.optionsDigest, run))
  for (const cidr of sources.filter((one) => !wanted.sources.includes(one)))
    valueOf(await proxmox.removeSource(ref, cidr, run))
}

/** A new rule is put before all others, so the last one comes first. */
async function replaceRules(
  run: PodRun,
  proxmox: Proxmox,
  ref: GuestRef,
  wanted: readonly FirewallRule[],
): Promise<void> {
  const read = async () => valueOf(await proxmox.firewallRules(ref, run))
  let now = await read()
  for (const rule of wanted.toReversed()) {
    valueOf(await proxmox.addFirewallRule(ref, rule, now.rulesDigest, run))
    now = await read()
  }
  for (; now.rules.length > wanted.length; now = await read())
    valueOf(await proxmox.removeFirewallRule(ref, now.rules.length - 1, now.rulesDigest, run))
}

/** @throws JobError retry `read_back_differs` */
export async function requireFirewall(
  run: PodRun,
  { guest: { proxmox }, ref }: Own,
  wanted: Wanted,
): Promise<void> {
  const wrong = firewallDeviations(wanted, valueOf(await proxmox.firewall(ref, run)))
  if (wrong.length === 0) return
  const text = wrong.map(({ what, expected, found }) => `${what} ${found} instead of ${expected}`).join(', ')
  throw new JobError('retry', 'read_back_differs', `The firewall is not what it should be: ${text}.`)
}

/** Sets a guest's firewall to what its pod's groups and addresses say. */
export const cloudPodFirewall: JobHandler<PodPayload> = {
  kind: podFirewall.kind,
  parse: (payload) => podFirewall.payload.parse(payload),
  steps: [
    {
      name: 'set',
      title: 'Setting the firewall',
      run: async (run) => {
        const own = await ours(run)
        if (own.guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
        await setFirewall(run, own, await wantedFirewall(run))
      },
      idempotent: true,
    },
    {
      name: 'verify',
      title: 'Reading it back',
      run: async (run) => requireFirewall(run, await ours(run), await wantedFirewall(run)),
      idempotent: true,
    },
    {
      name: 'record',
      title: 'Recording it',
      commit: (ctx, run) => cloudPodFirewallService.markProven(ctx, run.payload),
    },
  ],
  failed: (ctx, payload, error) => cloudPodFirewallService.markFailed(ctx, payload, error.message),
}
