/**
 * Pure helpers for the option strings of a guest: network cards, cloud-init addresses and our ownership mark.
 * Builders throw a RangeError for a value that would smuggle in another option.
 */

/** A network card. `rateMbs` is in megaBYTES per second, as Proxmox counts it; `tag` is the VLAN, 1 to 4094. */
export type Net0 = {
  mac: string | null
  bridge: string | null
  tag: number | null
  rateMbs: number | null
  /** Containers only: `10.0.0.5/24`, `dhcp` or `manual`. */
  ip: string | null
  gw: string | null
}

type Card = {
  mac: string
  bridge: string
  tag?: number
  rateMbs?: number
  firewall?: boolean
  /** As if its cable was pulled. */
  linkDown?: boolean
}

/** IPv4 and IPv6 settings in Proxmox's words: CIDR, `dhcp`, and for `ip6` also `auto`. */
export type Addresses = { ip?: string; gw?: string; ip6?: string; gw6?: string }

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i

/**
 * `net0` of a VM: `virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=12`. The MAC is always said: without it
 * every write of `net0` would make a new one. The firewall is on unless `firewall` is false.
 */
export const vmNet0 = (card: Card): string =>
  join([['virtio', macOf(card.mac)], ['bridge', card.bridge], ...cardTail(card)])

/**
 * `net0` of a container: `name=eth0,bridge=vmbr0,hwaddr=…,ip=10.0.0.5/24,gw=10.0.0.1,firewall=1,type=veth`.
 * Containers have their addresses here, VMs in `ipconfig0`.
 */
export const ctNet0 = (card: Card & Addresses & { name?: string }): string =>
  join([
    ['name', card.name ?? 'eth0'],
    ['bridge', card.bridge],
    ['hwaddr', macOf(card.mac)],
    ...addressPairs(card),
    ...cardTail(card),
    ['type', 'veth'],
  ])

/** `ipconfig0` of a VM: `ip=10.0.0.5/24,gw=10.0.0.1`. */
export const ipConfig0 = (addresses: Addresses): string => join(addressPairs(addresses))

/** Reads `net0` of a VM or container; null for an empty one. The MAC comes back in upper case. */
export function parseNet0(net0: string | null | undefined): Net0 | null {
  if (!net0?.trim()) return null
  const parts = partsOf(net0)
  const options = new Map(parts)
  // A VM's first part is `model=MAC`, or the model alone while it has no MAC.
  const model = parts[0]?.[1]
  const mac = options.get('hwaddr') ?? options.get('macaddr') ?? (model && MAC.test(model) ? model : null)
  return {
    mac: mac?.toUpperCase() ?? null,
    bridge: options.get('bridge') ?? null,
    tag: numberOrNull(options.get('tag')),
    rateMbs: numberOrNull(options.get('rate')),
    ip: options.get('ip') ?? null,
    gw: options.get('gw') ?? null,
  }
}

/** Megabytes per second, as Proxmox counts a card's `rate`, of megabits per second. */
export const mbsOf = (mbps: number): number => mbps / 8

/** The same card with another `rate`; null: without one. Nothing else of it changes. */
export const withRate = (net0: string, rateMbs: number | null): string =>
  [
    ...net0.split(',').filter((part) => splitPair(part.trim())[0] !== 'rate'),
    ...(rateMbs === null ? [] : [`rate=${rateMbs}`]),
  ].join(',')

/** Whether a card is as if its cable was pulled. */
export const isLinkDown = (net0: string): boolean => new Map(partsOf(net0)).get('link_down') === '1'

/** The same card with its cable pulled or plugged in. Nothing else of it changes. */
export const withLink = (net0: string, up: boolean): string =>
  [
    ...net0.split(',').filter((part) => splitPair(part.trim())[0] !== 'link_down'),
    ...(up ? [] : ['link_down=1']),
  ].join(',')

/** The same card of a container with other addresses. Nothing else of it changes. */
export const withAddresses = (net0: string, addresses: Addresses): string =>
  [
    ...net0.split(',').filter((part) => !/^(?:ip|gw|ip6|gw6)$/.test(splitPair(part.trim())[0])),
    join(addressPairs(addresses)),
  ].join(',')

/** The options that hold a guest's addresses: those of a container's card, of a machine's `ipconfig0`. */
export const addressOptions = (
  kind: 'vm' | 'ct',
  { net0, raw }: { net0: string | null; raw: Record<string, string> },
): Map<string, string> => new Map(partsOf((kind === 'ct' ? net0 : raw.ipconfig0) ?? ''))

/** One line for a guest's description that says whose it is and which operation made it. */
export const markerOf = (podId: string, operationId: string): string => markOf('pod', podId, operationId)

/** The same for a template: the owner is the blueprint that it is the guest of. */
export const templateMarkerOf = (blueprintId: string, operationId: string): string =>
  markOf('template', blueprintId, operationId)

function markOf(what: 'pod' | 'template', ownerId: string, operationId: string): string {
  for (const id of [ownerId, operationId]) {
    if (!/^[A-Za-z0-9_.-]+$/.test(id)) throw new RangeError(`not usable in a marker: ${JSON.stringify(id)}`)
  }
  return `mpanel:${what}=${ownerId};op=${operationId}`
}

/**
 * The marker in a description, wherever its line stands; of a template, `podId` is its blueprint. Null without one, and null
 * with two different ones: a guest that names two owners proves neither.
 */
export function parseMarker(
  description: string | null | undefined,
): { podId: string; operationId: string } | null {
  const found = new Map<string, { podId: string; operationId: string }>()
  for (const match of (description ?? '').matchAll(
    /^mpanel:(?:pod|template)=([A-Za-z0-9_.-]+);op=([A-Za-z0-9_.-]+)\s*$/gm,
  )) {
    const [line, podId = '', operationId = ''] = match
    found.set(line.trim(), { podId, operationId })
  }
  const [only] = found.size === 1 ? found.values() : []
  return only ?? null
}

/** The tags of a guest; Proxmox separates them by `;`, and reads cleared ones back as a blank. */
export const parseTags = (tags: unknown): string[] =>
  typeof tags === 'string' ? tags.split(/[;,\s]+/).filter((tag) => tag !== '') : []

/** What says of a machine whose it is: its cards, and what cloud-init tells it. */
const IDENTITY =
  /^(?:net\d+|ipconfig\d+|nameserver|searchdomain|sshkeys|ciuser|cipassword|cicustom|protection)$/

/** The options of a machine that its copy must not have. */
export const identityOptions = (raw: Record<string, string>): string[] =>
  Object.keys(raw).filter((key) => IDENTITY.test(key))

const DRIVE = /^(?:scsi|virtio|sata|ide|efidisk|tpmstate)\d+$/
const volumesOf = (raw: Record<string, string>): [key: string, volume: string][] =>
  Object.entries(raw).flatMap(([key, value]) =>
    DRIVE.test(key) ? [[key, value.split(',')[0]?.replace(/^file=/, '') ?? '']] : [],
  )

/** Whether a machine has a drive out of which cloud-init is told anything. */
export const hasCloudInit = (raw: Record<string, string>): boolean =>
  volumesOf(raw).some(([, volume]) => /-cloudinit\b/.test(volume))

/** The disks of a template that are no base images: an answered request for one may have been broken off in between. */
export const unconvertedDisks = (raw: Record<string, string>): string[] =>
  volumesOf(raw)
    .filter(([key, volume]) => {
      const isCdrom = /(?:^|,)media=cdrom(?:,|$)/.test(raw[key] ?? '')
      // `local-lvm:base-100-disk-0`, `local:100/base-100-disk-0.qcow2`; what stands on one names it before its own.
      const isBase = volume.split(/[:/]/).at(-1)?.startsWith('base-') === true
      return !isCdrom && volume !== 'none' && !isBase
    })
    .map(([key]) => key)

/** The storage of a volume: `local-lvm:vm-100-disk-0` → `local-lvm`. */
export const storageOf = (volume: string): string => volume.replace(/^file=/, '').split(':')[0] ?? ''

type Pair = [key: string, value: string | number]

const cardTail = (card: Card): Pair[] => [
  ...(card.firewall === false ? [] : ([['firewall', 1]] satisfies Pair[])),
  ...(card.tag === undefined ? [] : ([['tag', vlanOf(card.tag)]] satisfies Pair[])),
  ...(card.rateMbs === undefined ? [] : ([['rate', card.rateMbs]] satisfies Pair[])),
  ...(card.linkDown === true ? ([['link_down', 1]] satisfies Pair[]) : []),
]

const addressPairs = ({ ip, gw, ip6, gw6 }: Addresses): Pair[] =>
  Object.entries({ ip, gw, ip6, gw6 }).flatMap(([key, value]) =>
    value === undefined ? [] : ([[key, value]] satisfies Pair[]),
  )

function join(pairs: Pair[]): string {
  return pairs
    .map(([key, value]) => {
      const text = String(value)
      if (!/^[^\s,=;]+$/.test(text)) throw new RangeError(`not usable as ${key}: ${JSON.stringify(text)}`)
      return `${key}=${text}`
    })
    .join(',')
}

function macOf(mac: string): string {
  // An odd first octet would be a group address, which no card may have.
  if (!MAC.test(mac) || Number.parseInt(mac.slice(0, 2), 16) % 2 === 1) {
    throw new RangeError(`not a MAC address of one card: ${JSON.stringify(mac)}`)
  }
  return mac.toUpperCase()
}

function vlanOf(tag: number): number {
  if (!Number.isInteger(tag) || tag < 1 || tag > 4094) throw new RangeError(`not a VLAN: ${tag}`)
  return tag
}

const partsOf = (text: string): [string, string][] => text.split(',').map((part) => splitPair(part.trim()))

function splitPair(part: string): [string, string] {
  const at = part.indexOf('=')
  return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
}

const numberOrNull = (text: string | undefined) => (text === undefined || text === '' ? null : Number(text))
