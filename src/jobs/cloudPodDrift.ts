import type { PodRow } from '../db/cloudPods.ts'
import type { PodAddress } from '../db/cloudPodAddresses.ts'
import type { Difference } from '../db/provisioningFindings.ts'
import type { GuestConfig, Proxmox } from '../integrations/proxmox/types.ts'
import { TAG } from './cloudPodMark.ts'
import { toldAddresses } from './cloudPodNetwork.ts'
import { JobError } from './errors.ts'

type Words = Proxmox['words']
/** One thing that is not what it should be, in words. */
type Deviation = { what: string; expected: string; found: string }

type Value = string | number | null | undefined
const deviation = (what: string, expected: Value, found: Value): Deviation[] =>
  (expected ?? null) === (found ?? null)
    ? []
    : [{ what, expected: String(expected ?? 'none'), found: String(found ?? 'none') }]

/** `atLeast`: a disk larger than ordered is no fault of a guest that was just made. */
export const sizeDeviations = (pod: PodRow, config: GuestConfig, atLeast = false): Deviation[] => [
  ...deviation('cores', pod.cores, config.cores),
  ...deviation('memory MiB', pod.memory_mb, config.memoryMb),
  ...(atLeast && (config.diskGb ?? 0) >= pod.disk_gb
    ? []
    : deviation('disk GiB', pod.disk_gb, config.diskGb)),
]

/** Of a family that the pod has no address of, only a fixed address is a difference: `dhcp`, `auto` and `manual` are none. */
const unlessFixed = (found: string | undefined): string | undefined =>
  found !== undefined && /[.:]/.test(found) ? found : undefined

/**
 * The card and the addresses on it, of each family one. Containers have them in the card, virtual machines in
 * `ipconfig0`.
 */
export function networkDeviations(
  words: Words,
  pod: PodRow,
  held: readonly PodAddress[],
  config: GuestConfig,
): Deviation[] {
  const card = words.parseNet0(config.net0)
  const options = words.addressOptions(pod.kind, config)
  const [first] = held
  const told = toldAddresses(held)
  return [
    ...deviation('MAC', pod.mac.toUpperCase(), card?.mac),
    ...deviation('bridge', first?.bridge, card?.bridge),
    ...deviation('VLAN', first?.vlan ?? null, card?.tag ?? null),
    ...deviation('rate MB/s', pod.rate_mbps === null ? null : words.mbsOf(pod.rate_mbps), card?.rateMbs),
    ...deviation('address', told.ip, told.ip ? options.get('ip') : unlessFixed(options.get('ip'))),
    ...deviation('gateway', told.gw, told.ip ? options.get('gw') : undefined),
    ...deviation('IPv6 address', told.ip6, told.ip6 ? options.get('ip6') : unlessFixed(options.get('ip6'))),
    ...deviation('IPv6 gateway', told.gw6, told.ip6 ? options.get('gw6') : undefined),
  ]
}

/** Whether the guest has the pod's card: its MAC follows from the pod's id. */
export const hasCardOf = (words: Words, pod: PodRow, { net0 }: GuestConfig): boolean =>
  [words.parseNet0(net0)?.mac].includes(pod.mac.toUpperCase())

/** A guest of a pod that counts as deleted is kept with its card down: one of a pod in use is not reached by anybody. */
export const linkDeviations = (words: Words, { net0 }: GuestConfig): Deviation[] =>
  net0 !== null && words.isLinkDown(net0) ? [{ what: 'card', expected: 'up', found: 'down' }] : []

const nameDeviations = (pod: PodRow, config: GuestConfig): Deviation[] => [
  ...deviation('name', pod.hostname, config.name),
  ...(config.tags.includes(TAG) ? [] : deviation('tag', TAG, config.tags.join(' ') || 'none')),
]

const join = (deviations: readonly Deviation[], side: 'expected' | 'found'): string =>
  deviations.map((one) => `${one.what} ${one[side]}`).join(', ')

const sizeIn = (pod: PodRow, { cores, memoryMb, diskGb }: GuestConfig) => ({
  cores,
  memoryMb,
  diskGb: Math.ceil(diskGb ?? pod.disk_gb),
})

/** In what the guest of a pod is not what the pod says. @param atLeast a larger disk is no difference */
export function driftOf(
  words: Words,
  pod: PodRow,
  addresses: readonly PodAddress[],
  config: GuestConfig,
  atLeast = false,
): Difference[] {
  const found = {
    resized: sizeDeviations(pod, config, atLeast),
    network: networkDeviations(words, pod, addresses, config),
    renamed: nameDeviations(pod, config),
  }
  return (['resized', 'network', 'renamed'] as const)
    .filter((kind) => found[kind].length > 0)
    .map((kind) => ({
      kind,
      label: config.name ?? pod.hostname,
      expected: join(found[kind], 'expected'),
      found: join(found[kind], 'found'),
      ...(kind === 'resized' ? { facts: { size: sizeIn(pod, config) } } : {}),
    }))
}

/** What is wrong with the card or its firewall is a difference of the network. */
export function withCard(
  differences: readonly Difference[],
  label: string,
  wrong: readonly Deviation[],
): Difference[] {
  if (wrong.length === 0) return [...differences]
  const [own, others] = [differences.find(isNetwork), differences.filter((one) => !isNetwork(one))]
  const both = (side: 'expected' | 'found') => [own?.[side], join(wrong, side)].filter(Boolean).join(', ')
  return [...others, { kind: 'network', label, expected: both('expected'), found: both('found') }]
}

const isNetwork = ({ kind }: Difference): boolean => kind === 'network'

/** @throws JobError retry `read_back_differs` when the guest is not what its pod says */
export function requireNoDrift(...compared: Parameters<typeof driftOf>): void {
  const wrong = driftOf(...compared).map(({ found, expected }) => `${found} instead of ${expected}`)
  if (wrong.length > 0)
    throw new JobError(
      'retry',
      'read_back_differs',
      `The guest is not what its pod says: ${wrong.join('; ')}.`,
    )
}
