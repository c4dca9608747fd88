import { parseTags } from './guestConfig.ts'
import type { MetricPoint } from './metricTypes.ts'
import type {
  BackupVolume,
  GuestConfig,
  GuestKind,
  GuestSnapshots,
  GuestStatus,
  GuestSummary,
  NodeSummary,
  StorageSummary,
} from './types.ts'

/**
 * Proxmox's answers in our words. Perl does not tell numbers from strings, so `"256"` and `256` are the same here.
 * Every reader throws a TypeError for a shape it does not know; the caller makes `unknown` of that.
 */
export type Row = Record<string, unknown>

export function asRow(value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('not an object')
  return value as Row
}

export function asRows(value: unknown): Row[] {
  if (!Array.isArray(value)) throw new TypeError('not a list')
  return value.map(asRow)
}

export function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TypeError('not a text')
}

const optionalText = (value: unknown) => (value === undefined || value === null ? null : asText(value))

/** A number, or `fallback` where the answer leaves it out. */
export function asNumber(value: unknown, fallback?: number): number {
  if ((value === undefined || value === null) && fallback !== undefined) return fallback
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) throw new TypeError('not a number')
  return number
}

/** Perl's truth: 1 and "1" are true; 0, "0", "" and absent are false. */
const asFlag = (value: unknown): boolean => value === true || Number(value ?? 0) === 1

const toMib = (bytes: unknown) => Math.round(asNumber(bytes, 0) / 2 ** 20)
const toGib = (bytes: unknown) => asNumber(bytes, 0) / 2 ** 30

export const readNode = (row: Row): NodeSummary => ({
  name: asText(row.node),
  status: row.status === 'online' || row.status === 'offline' ? row.status : 'unknown',
  cores: asNumber(row.maxcpu, 0),
  memoryMb: toMib(row.maxmem),
})

export const readStorage = (node: string, row: Row): StorageSummary => ({
  node,
  name: asText(row.storage),
  content: asText(row.content ?? '')
    .split(',')
    .filter((kind) => kind !== ''),
  totalGb: toGib(row.total),
  availGb: toGib(row.avail),
  shared: asFlag(row.shared),
  active: asFlag(row.active),
})

export const readBackup = (row: Row): BackupVolume => ({
  volid: asText(row.volid),
  vmid: asNumber(row.vmid, 0),
  notes: optionalText(row.notes) ?? '',
  sizeBytes: asNumber(row.size),
  takenAt: new Date(asNumber(row.ctime) * 1000),
  protected: asFlag(row.protected),
})

export const readSummary = (row: Row): GuestSummary => ({
  node: asText(row.node),
  kind: row.type === 'lxc' ? 'ct' : 'vm',
  vmid: asNumber(row.vmid),
  name: optionalText(row.name),
  status: optionalText(row.status) ?? 'unknown',
  template: asFlag(row.template),
  tags: parseTags(row.tags),
  lock: optionalText(row.lock),
  maxMemoryMb: toMib(row.maxmem),
  cores: asNumber(row.maxcpu, 0),
  maxDiskGb: toGib(row.maxdisk),
  uptimeSeconds: asNumber(row.uptime, 0),
  netInBytes: asNumber(row.netin, 0),
  netOutBytes: asNumber(row.netout, 0),
})

const figure = (value: unknown): number | null =>
  value === undefined || value === null ? null : asNumber(value)

/** A point of `rrddata`; one of a time in which nothing was measured has its `time` alone. */
export const readMetrics = (row: Row): MetricPoint => ({
  at: new Date(asNumber(row.time) * 1000),
  cpuShare: figure(row.cpu),
  memoryBytes: figure(row.mem),
  diskReadBytesPerSecond: figure(row.diskread),
  diskWriteBytesPerSecond: figure(row.diskwrite),
  netInBytesPerSecond: figure(row.netin),
  netOutBytesPerSecond: figure(row.netout),
})

export const readStatus = (row: Row): GuestStatus => ({
  status: asText(row.status),
  lock: optionalText(row.lock),
  managed: row.ha !== undefined && asFlag(asRow(row.ha).managed),
})

/** A row of `/pending` that is not in force yet: a new value, or (1, or 2 with force) its removal. */
export const isPending = (row: Row): boolean =>
  (row.pending !== undefined && row.pending !== null) || asNumber(row.delete, 0) > 0

/** `snapstate` is there only while a snapshot is being made or removed. */
export function readSnapshots(rows: Row[]): GuestSnapshots {
  const current = rows.find((row) => row.name === 'current')
  if (!current) throw new TypeError('a list without the present state')
  return {
    snapshots: rows
      .filter((row) => row !== current)
      .map((row) => {
        const seconds = asNumber(row.snaptime, 0)
        return {
          name: asText(row.name),
          complete: optionalText(row.snapstate) === null,
          description: asText(row.description ?? '').trimEnd(),
          takenAt: seconds === 0 ? null : new Date(seconds * 1000),
        }
      }),
    basedOn: optionalText(current.parent),
  }
}

/** True when the node we asked has quorum. A node on its own has no cluster row and needs none. */
export function hasQuorum(rows: Row[]): boolean {
  const cluster = rows.find((row) => row.type === 'cluster')
  if (cluster) return asFlag(cluster.quorate)
  return rows.length === 1 && rows[0]?.type === 'node'
}

export function readConfig(kind: GuestKind, row: Row): GuestConfig {
  const raw = Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
  const diskKey = rootDiskKey(kind, raw)
  return {
    digest: asText(row.digest),
    name: raw.name ?? raw.hostname ?? null,
    description: raw.description ?? '',
    tags: parseTags(row.tags),
    cores: coresOf(kind, raw),
    memoryMb: memoryOf(raw.memory),
    lock: raw.lock ?? null,
    template: asFlag(row.template),
    diskGb: diskKey === null ? null : diskSizeGb(raw[diskKey] ?? ''),
    diskKey,
    net0: raw.net0 ?? null,
    raw,
  }
}

/** What the guest sees: cores times sockets. A container without `cores` may use all of its node, shown as 0. */
function coresOf(kind: GuestKind, raw: Record<string, string>): number {
  if (kind === 'ct') return asNumber(raw.cores, 0)
  return asNumber(raw.cores, 1) * asNumber(raw.sockets, 1)
}

/** `2048` or `current=2048`; 512 MiB where nothing is said, for VMs and containers alike. */
const memoryOf = (memory: string | undefined): number =>
  asNumber(/^(?:current=)?(\d+)/.exec(memory ?? '')?.[1], 512)

const VM_DISK = /^(?:scsi|virtio|sata|ide)\d+$/

/** The first real disk of the boot order, else of the buses in Proxmox's own order. */
function rootDiskKey(kind: GuestKind, raw: Record<string, string>): string | null {
  if (kind === 'ct') return raw.rootfs === undefined ? null : 'rootfs'
  const order = /(?:^|,)order=([^,]*)/.exec(raw.boot ?? '')?.[1]?.split(';') ?? []
  const byBus = ['scsi', 'virtio', 'sata', 'ide'].flatMap((bus) =>
    Object.keys(raw)
      .filter((key) => new RegExp(`^${bus}\\d+$`).test(key))
      .toSorted((a, b) => Number(a.slice(bus.length)) - Number(b.slice(bus.length))),
  )
  const candidates = [...order, ...(raw.bootdisk ? [raw.bootdisk] : []), ...byBus]
  return candidates.find((key) => VM_DISK.test(key) && isDisk(raw[key])) ?? null
}

const isDisk = (volume: string | undefined) =>
  volume !== undefined && !/(?:^|,)media=cdrom(?:,|$)/.test(volume) && !volume.startsWith('none')

const UNIT_BYTES: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** `local:101/vm-101-disk-0.qcow2,size=3G` → 3. Null where the size is not written down. */
function diskSizeGb(volume: string): number | null {
  const match = /(?:^|,)size=(\d+(?:\.\d+)?)([KMGT]?)(?:,|$)/.exec(volume)
  if (!match) return null
  return (Number(match[1]) * (UNIT_BYTES[match[2] ?? ''] ?? 1)) / 2 ** 30
}
