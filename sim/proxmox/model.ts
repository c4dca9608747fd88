/** Everything the simulated cluster remembers; plain JSON, so that the state file is simply this. */
export type State = {
  version: 1
  clusterName: string
  nodes: NodeState[]
  storages: StorageState[]
  volumes: Record<string, Volume>
  guests: Record<string, Guest>
  pools: Record<string, Pool>
  users: Record<string, User>
  roles: Record<string, string[]>
  acl: AclEntry[]
  /** By `vm:100` or `ct:100`. */
  ha: Record<string, HaResource>
  tasks: TaskRecord[]
  lastPid: number
  quorumLost: boolean
  /** Whether the firewall of the cluster is on. */
  firewallOn: boolean
  /** Files of their own, by VMID: one that is written for no guest is there for the next one of that VMID. */
  firewalls: Record<string, Firewall>
  ticketKey: string
}

export type HaResource = {
  /** What is asked of it. */
  state: 'started' | 'stopped' | 'disabled' | 'ignored'
  /** What it is, as the manager sees it; null until the manager has looked. */
  seen: string | null
  settings: Record<string, string>
  /** The node that it was asked to go to. */
  moveTo?: string
}

export type NodeState = {
  name: string
  id: number
  ip: string
  cores: number
  memoryMb: number
  bridges: string[]
  /** As Linux names them. */
  cpuFlags: string
  online: boolean
  /** Unix seconds; uptimes and the pstart part of UPIDs count from here. */
  bootedAt: number
}

export type StorageType = 'dir' | 'nfs' | 'lvmthin' | 'zfspool' | 'rbd'

export type StorageState = {
  name: string
  type: StorageType
  content: string[]
  sizeBytes: number
  usedBytes: number
  shared: boolean
  path: string
  /** Nodes that have it; null for all. */
  nodes: string[] | null
  /** Nodes on which it was declared full; `*` for all. */
  full: string[]
}

export type Volume = {
  volid: string
  storage: string
  /** Null on shared storages. */
  node: string | null
  vmid: number | null
  size: number
  format: string
  content: string
  /** Volume id of the base image of a linked clone. */
  parent: string | null
  createdAt: number
  /** Of a file that vzdump has made. */
  backup?: Archive
}

/** What a backup holds of its guest, and what is written beside it. */
export type Archive = {
  kind: GuestKind
  config: Config
  /** The disks by their keys in the configuration. */
  disks: Record<string, { size: number; format: string; storage: string }>
  notes: string
  protected: boolean
  firewall?: Firewall
}

export type GuestKind = 'qemu' | 'lxc'
export type Config = Record<string, string>

/** What its file says under [OPTIONS], [RULES] and [IPSET …]. */
export type Firewall = {
  options: Config
  rules: Config[]
  ipsets: Record<string, string[]>
}

type Snapshot = {
  config: Config
  parent: string | null
  snaptime: number
  description: string | null
  /** Only while it is being made or removed, and for what a killed worker has left. */
  state?: 'prepare' | 'delete'
}

export type Guest = {
  vmid: number
  kind: GuestKind
  node: string
  config: Config
  pending: Config
  /** Options to be removed at the next stop; true means `force`. */
  pendingDelete: Record<string, boolean>
  snapshots: Record<string, Snapshot>
  power: 'stopped' | 'running' | 'paused'
  startedAt: number | null
  pid: number | null
  /** Bytes that its cards have counted since it was started, beside what it does by itself. */
  traffic?: { in: number; out: number }
  /** What was done inside it through its guest agent. */
  inside?: Inside
}

/** Files that were written, and commands that were run with what came of each, by their process ids. */
export type Inside = {
  files: Record<string, { content: string; mode: string }>
  runs: { pid: number; command: string; code: number; said: string }[]
}

type Pool = { comment: string | null; vms: number[]; storages: string[] }

type Token = { secret: string; privsep: boolean; comment: string | null; expire: number }
export type User = {
  password: string | null
  enabled: boolean
  comment: string | null
  tokens: Record<string, Token>
}

export type AclEntry = {
  path: string
  type: 'user' | 'token' | 'group'
  ugid: string
  roleid: string
  propagate: boolean
}

export type TaskRecord = {
  upid: string
  node: string
  pid: number
  pstart: number
  starttime: number
  type: string
  id: string
  /** With the token's name, if any: `user@realm!token`. */
  user: string
  endtime: number | null
  exitstatus: string | null
  log: string[]
}
