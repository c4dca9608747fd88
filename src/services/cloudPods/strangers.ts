import { isIP } from 'node:net'
import type { GuestFacts, Stranger, StrangerDetail } from '../../../shared/api/cloudPodAdoption.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import * as adoption from '../../db/cloudPodAdoption.ts'
import { AppError, notFound } from '../../errors.ts'
import type { GuestConfig, GuestSummary, Outcome, Proxmox } from '../../integrations/proxmox/types.ts'
import { inLanes } from '../../lib/lanes.ts'
import { faultOf } from '../../lib/outcome.ts'
import * as provisioningService from '../provisioningService.ts'

/** A request waits for these calls: the person who asked waits for the answer. */
const TIMEOUT_MS = 8_000
/** Whose MAC or address is looked for is read one by one. */
const MAX_READS = 500
const AT_ONCE = 8

type Words = Proxmox['words']

/** The guests of a cluster that no pod owns. */
async function open(root: Root, origin: Origin, clusterId: string) {
  const { connection, held } = await transaction(root, origin, 'platform', async (ctx) => ({
    connection: await provisioningService.clusterConnection(ctx, clusterId),
    held: new Set(await adoption.heldVmids(ctx.tx, clusterId)),
  }))
  const proxmox = root.vendors.proxmox({ ...connection, timeoutMs: TIMEOUT_MS })
  const guests = answerOf(await proxmox.guests())
  return {
    proxmox,
    guests: guests.filter(({ template, vmid }) => !template && !held.has(vmid)),
  }
}

function answerOf<T>(answer: Outcome<T>): T {
  if (answer.outcome === 'ok') return answer.value
  throw new AppError('unavailable', `The cluster cannot be read now: ${faultOf(answer)} Try again.`)
}

/** @throws AppError not_found, unavailable */
export async function list(
  root: Root,
  origin: Origin,
  clusterId: string,
  q: string | undefined,
): Promise<Stranger[]> {
  const { proxmox, guests } = await open(root, origin, clusterId)
  const found = await matching(proxmox, guests, q?.toLowerCase() ?? '')
  return found
    .toSorted((a, b) => a.vmid - b.vmid)
    .map(({ vmid, kind, name, node, status, cores, maxMemoryMb, maxDiskGb, tags }) => ({
      vmid,
      kind,
      name,
      node,
      status,
      cores: Math.round(cores),
      memoryMb: Math.round(maxMemoryMb),
      diskGb: Math.ceil(maxDiskGb),
      tags,
    }))
}

const IS_MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/

async function matching(proxmox: Proxmox, guests: GuestSummary[], q: string): Promise<GuestSummary[]> {
  if (!IS_MAC.test(q) && isIP(q) === 0)
    return guests.filter(({ vmid, name, node, tags }) =>
      [String(vmid), name ?? '', node, ...tags].some((text) => text.toLowerCase().includes(q)),
    )
  const found: GuestSummary[] = []
  await inLanes(guests.slice(0, MAX_READS), AT_ONCE, async (guest) => {
    const config = await proxmox.config(guest)
    if (config.outcome !== 'ok') return
    const cards = Object.entries(config.value.raw).filter(([key]) => /^(?:net|ipconfig)\d+$/.test(key))
    const words = cards.flatMap(([, value]) => value.toLowerCase().split(/[,=/]/))
    if (words.includes(q)) found.push(guest)
  })
  return found
}

/** One of them, read from its node. @throws AppError not_found, unavailable */
export async function get(
  root: Root,
  origin: Origin,
  clusterId: string,
  vmid: number,
): Promise<StrangerDetail> {
  const { proxmox, guests } = await open(root, origin, clusterId)
  const listed = guests.find((guest) => guest.vmid === vmid)
  if (!listed) throw notFound('guest')
  const config = answerOf(await proxmox.config(listed))
  const card = proxmox.words.parseNet0(config.net0)
  const read = factsOf(proxmox.words, listed, config)
  return {
    vmid,
    name: config.name,
    status: listed.status,
    tags: config.tags,
    guest: typeof read === 'string' ? null : read,
    bridge: card?.bridge ?? null,
    vlan: card?.tag ?? null,
    address: addressOf(proxmox.words, listed.kind, config),
    problem: typeof read === 'string' ? read : null,
  }
}

/** The address that a guest is told: in a container's card, in a machine's `ipconfig0`. Null: none, or by DHCP. */
export const addressOf = (words: Words, kind: 'vm' | 'ct', config: GuestConfig): string | null =>
  fixedAddresses(words, kind, config)[0] ?? null

/** Those that a guest is told: of each family one at most, IPv4 first. */
export function fixedAddresses(words: Words, kind: 'vm' | 'ct', config: GuestConfig): string[] {
  const options = words.addressOptions(kind, config)
  return [options.get('ip'), options.get('ip6')].flatMap((text) =>
    text && /[.:]/.test(text) ? [text.split('/')[0] ?? text] : [],
  )
}

/** What a pod would take over of a guest, or why it cannot become one as it is. */
export function factsOf(
  words: Words,
  { node, kind }: Pick<GuestSummary, 'node' | 'kind'>,
  config: GuestConfig,
): GuestFacts | string {
  const card = words.parseNet0(config.net0)
  if (words.parseMarker(config.description)) return 'It carries the mark of a pod: see the findings.'
  if (config.lock !== null) return `It is locked (${config.lock}): wait for the end of what is done to it.`
  if (config.diskGb === null) return 'It has no root disk whose size can be told.'
  if (!card?.mac) return 'It has no network card net0 with a MAC.'
  if (card.rateMbs !== null)
    return 'Its network card net0 has a rate limit: take it off first, its plan says how fast it is.'
  if (kind === 'ct' && config.cores === 0) return 'It has no limit of cores: set one first.'
  if (kind === 'vm' && (config.raw.sockets ?? '1') !== '1')
    return 'It has several sockets: set one socket with all its cores first.'
  if (kind === 'vm' && !config.net0?.startsWith('virtio'))
    return 'Its network card net0 is not virtio, as those of pods are: change it first.'
  if (kind === 'ct' && addressOf(words, kind, config) === null)
    return 'Its card net0 has no fixed address: set one of the address pool first.'
  return {
    node,
    kind,
    mac: card.mac,
    cores: config.cores,
    memoryMb: config.memoryMb,
    diskGb: Math.ceil(config.diskGb),
    ipv6: fixedAddresses(words, kind, config)[1] ?? null,
  }
}
