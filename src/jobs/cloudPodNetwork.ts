import type { PodAddress } from '../db/cloudPodAddresses.ts'
import type { GuestConfig, Proxmox } from '../integrations/proxmox/types.ts'
import type { PodPayload } from '../services/cloudPodQueues.ts'
import { doTask, type Guest, type Own } from './cloudPodGuest.ts'
import * as cloudPodClaimService from '../services/cloudPodClaimService.ts'
import { permanent, waitFor } from './errors.ts'
import type { Run } from './steps.ts'

type Words = Proxmox['words']
type Addresses = Parameters<Words['ipConfig0']>[0]

/** The addresses that the hypervisor tells the guest: of each family one. */
export function toldAddresses(held: readonly PodAddress[]): Addresses {
  const told = held.filter(({ onCard }) => onCard)
  const v4 = told.find(({ address }) => !address.includes(':'))
  const v6 = told.find(({ address }) => address.includes(':'))
  return {
    ...(v4 && { ip: `${v4.address}/${v4.prefix}`, gw: v4.gateway }),
    ...(v6 && { ip6: `${v6.address}/${v6.prefix}`, gw6: v6.gateway }),
  }
}

/**
 * Goes on once the NetBox of their pools says that the addresses a pod is to get are ours.
 * @throws JobError wait until it does; permanent when somebody else has one there, and no other could be taken
 */
export async function requireClaimed(run: Run<PodPayload>): Promise<void> {
  const [open] = await run.read((ctx) => cloudPodClaimService.openOf(ctx, run.payload.podId))
  if (!open) return
  if (open.refused)
    throw permanent(
      'ip_pool_exhausted',
      `Somebody else has ${open.address} in NetBox, and the pool has no other free address.`,
    )
  throw waitFor('address_unclaimed', `NetBox has not been told yet that ${open.address} is taken`)
}

/** `net0` and, for VMs, `ipconfig0`, with the MAC said explicitly: it would be made anew otherwise. */
export function network(
  { pod, aside, proxmox: { words } }: Guest,
  held: readonly PodAddress[],
): { net0: string; ipconfig0?: string; nameserver?: string } {
  const [first] = held
  if (!first) throw permanent('address_missing', 'The pod holds no address.')
  const card = {
    mac: pod.mac,
    bridge: first.bridge,
    ...(first.vlan === null ? {} : { tag: first.vlan }),
    ...(pod.rate_mbps === null ? {} : { rateMbs: words.mbsOf(pod.rate_mbps) }),
    ...(aside === undefined ? {} : { linkDown: true }),
  }
  const told = toldAddresses(held)
  const servers = new Set(held.filter(({ onCard }) => onCard).flatMap(({ dnsServers }) => dnsServers))
  const nameserver = servers.size > 0 ? { nameserver: [...servers].join(' ') } : {}
  return pod.kind === 'ct'
    ? { net0: words.ctNet0({ ...card, ...told }), ...nameserver }
    : { net0: words.vmNet0(card), ipconfig0: words.ipConfig0(told), ...nameserver }
}

/** Whether the guest is told these addresses and no others. */
export function tells(
  words: Words,
  kind: 'vm' | 'ct',
  config: GuestConfig,
  held: readonly PodAddress[],
): boolean {
  const [options, told] = [words.addressOptions(kind, config), toldAddresses(held)]
  return (['ip', 'gw', 'ip6', 'gw6'] as const).every((key) => options.get(key) === told[key])
}

/** Tells the guest these addresses; one that is told them already is left alone. Nothing else of its card changes. */
export async function tell(
  run: Run<PodPayload>,
  { guest: { proxmox, pod }, ref, config }: Own,
  held: readonly PodAddress[],
): Promise<void> {
  const { words } = proxmox
  if (config.net0 === null) throw permanent('card_missing', `guest ${pod.vmid} has no network card`)
  if (tells(words, pod.kind, config, held)) return
  const told = toldAddresses(held)
  const option =
    pod.kind === 'ct'
      ? { net0: words.withAddresses(config.net0, told) }
      : { ipconfig0: words.ipConfig0(told) }
  await doTask(run, proxmox, 'setting the addresses', () =>
    proxmox.configure(ref, option, { digest: config.digest, signal: run.signal }),
  )
}
