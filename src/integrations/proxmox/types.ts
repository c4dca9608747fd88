import type { Duplex } from 'node:stream'
import type { FirewallCalls } from './firewallTypes.ts'
import type * as words from './guestConfig.ts'
import type { MetricPoint, Timeframe } from './metricTypes.ts'
import type {
  CloneRequest,
  CreateContainerRequest,
  MigrationRequest,
  RestoreRequest,
} from './requestTypes.ts'
import type { Outcome } from '../../lib/outcome.ts'

export type { Firewall, FirewallRule } from './firewallTypes.ts'
export type {
  CloneRequest,
  CreateContainerRequest,
  MigrationRequest,
  RestoreRequest,
} from './requestTypes.ts'
export type { PlanEnds, PlannedCall, PlanProxmox } from './planTypes.ts'

/**
 * What mPanel asks of a Proxmox VE cluster, in our words. The comments are the contract;
 * `test/contracts/proxmox.ts` holds every implementation and the simulator to it.
 *
 * Sizes: memory in MiB, disks in GiB, as Proxmox counts them. `kind` chooses QEMU (`vm`) or LXC (`ct`).
 * Every call takes an AbortSignal and has a time-out of its own. Nothing here retries a write.
 */

export type GuestKind = 'vm' | 'ct'

/** Where a cluster is and how to log in to it. Exactly one of `token` and `ticket`. */
export type ProxmoxConnection = {
  /** `https://host:8006`, without `/api2/json`. */
  url: string
  token?: { id: string; secret: string }
  ticket?: { username: string; password: string }
  /** PEM of the CA, or SHA-256 fingerprint of the server certificate (`AA:BB:…`). Without either the system CAs decide. */
  ca?: string
  fingerprint?: string
  timeoutMs?: number
}

/** What a server says it is. `fingerprint`: SHA-256 as `AA:BB:…`. */
export type Certificate = { fingerprint: string; subject: string; issuer: string; validTo: Date }

/**
 * Codes of `rejected`:
 * `unreachable` (not sent: connection refused, DNS, TLS, 595; retryable), `locked` (guest or file locked; retryable),
 * `no_quorum` (retryable), `unauthorized` (401), `forbidden` (403), `invalid` (400 with `errors`),
 * `missing` (the guest, its snapshot or its backup does not exist), `exists` (the VMID or the snapshot's name is taken), `conflict` (digest mismatch, wrong power state),
 * `busy` (429/503-like; retryable), `refused` (any other 4xx/5xx with a Proxmox message: proven not done).
 */
export type ProxmoxCode =
  | 'unreachable'
  | 'locked'
  | 'no_quorum'
  | 'unauthorized'
  | 'forbidden'
  | 'invalid'
  | 'missing'
  | 'exists'
  | 'conflict'
  | 'busy'
  | 'refused'

export type GuestRef = { node: string; kind: GuestKind; vmid: number }

/** One row of `/cluster/resources?type=vm`; may be up to some ten seconds old. */
export type GuestSummary = GuestRef & {
  name: string | null
  status: string
  template: boolean
  tags: string[]
  lock: string | null
  maxMemoryMb: number
  cores: number
  maxDiskGb: number
  /** Since its process began: after a start, and after a live migration, it counts from 0. 0 for one that is off. */
  uptimeSeconds: number
  /** To and from the guest over all its cards since then, or since a card was replaced. */
  netInBytes: number
  netOutBytes: number
}

/** The guest's configuration file, read now. Unparsed options stay in `raw`. */
export type GuestConfig = {
  digest: string
  name: string | null
  description: string
  tags: string[]
  /** What the guest sees: cores times sockets. 0 for a container that may use all cores of its node. */
  cores: number
  memoryMb: number
  lock: string | null
  template: boolean
  /** Size of the root disk (`scsi0`/`virtio0`/… boot disk, or `rootfs`), null while it has none. */
  diskGb: number | null
  /** Config key of that disk, for `resizeDisk`. */
  diskKey: string | null
  net0: string | null
  raw: Record<string, string>
}

export type GuestStatus = {
  status: 'running' | 'stopped' | (string & {})
  lock: string | null
  /** Its cluster's high availability looks after it: who starts, stops or moves it only says what is wanted. */
  managed: boolean
}

/** What is asked of a guest by the high availability. */
export type HaState = 'started' | 'stopped' | 'disabled' | 'ignored' | (string & {})

/** `complete` is false while it is being made or removed, and for what is left when that broke off. */
export type SnapshotSummary = { name: string; complete: boolean; description: string; takenAt: Date | null }

/** The snapshots of a guest, without Proxmox's pseudo entry `current`. */
export type GuestSnapshots = {
  snapshots: SnapshotSummary[]
  /** The snapshot that the guest's present state began from: the newest one, or the one last rolled back to. */
  basedOn: string | null
}

/** A backup of a guest in a storage. */
export type BackupVolume = {
  volid: string
  vmid: number
  /** The first line of what was noted with it. */
  notes: string
  sizeBytes: number
  /** When it was begun, by the node's clock. */
  takenAt: Date
  protected: boolean
}

export type NodeSummary = {
  name: string
  status: 'online' | 'offline' | 'unknown'
  cores: number
  memoryMb: number
}

/** Levels of the psABI for x86-64: what a processor can do at least. `level` is null for another kind of processor. */
export type NodeCpu = { model: string; level: `x86-64-v${1 | 2 | 3 | 4}` | null }

export type StorageSummary = {
  node: string
  name: string
  content: string[]
  totalGb: number
  availGb: number
  shared: boolean
  active: boolean
}

/** A finished or running task. `unknown` exit statuses (`unexpected status`) are neither success nor failure. */
export type TaskState =
  | { state: 'running' }
  | { state: 'ok'; warnings: boolean }
  /** `retryable`: the cause passes by itself (a lock that was not free in time); part of the work may be done. */
  | { state: 'failed'; message: string; code: ProxmoxCode; retryable: boolean }
  | { state: 'unknown'; message: string }

/**
 * An open console. A VM's is an RFB (VNC) session of version 3.8 that asks for no password: the client has logged in to
 * the node already, and nothing in the stream helps to reach it. A container's is what its terminal shows and what is
 * typed there. Whoever is done destroys the stream.
 */
export type GuestConsole = {
  kind: 'vnc' | 'terminal'
  stream: Duplex
  /** Tells a terminal its size; a screen has the size it has. */
  resize(cols: number, rows: number): void
}

/** A script inside a guest: `code` and `said`, what it has written, count once it has exited. */
export type GuestRun = { exited: boolean; code: number; said: string }

/** Options of a configuration change; `undefined` leaves the option as it is. Options by their Proxmox names. */
export type GuestOptions = Record<string, string | number | boolean | undefined>

export type Call = { signal?: AbortSignal }

export interface Proxmox extends FirewallCalls {
  /** Option strings in Proxmox's words, and back. Pure. */
  readonly words: typeof words

  /** Version and the caller's identity: proves that address, certificate and credentials are right. */
  version(call?: Call): Promise<Outcome<{ version: string; release: string }>>
  /** What the caller may do, by path: privileges on `/vms`, `/storage` and so on, and on every path named in the ACL. */
  privileges(call?: Call): Promise<Outcome<Record<string, string[]>>>
  nodes(call?: Call): Promise<Outcome<NodeSummary[]>>
  /** The processors of a node that is online. */
  nodeCpu(node: string, call?: Call): Promise<Outcome<NodeCpu>>
  /** Storages of one node, inactive ones included. */
  storages(node: string, call?: Call): Promise<Outcome<StorageSummary[]>>
  /** Container templates (`vztmpl`) in a storage of a node. */
  containerTemplates(
    node: string,
    storage: string,
    call?: Call,
  ): Promise<Outcome<{ volid: string; sizeBytes: number }[]>>
  /** Every guest of the cluster in one call. */
  guests(call?: Call): Promise<Outcome<GuestSummary[]>>
  /**
   * Whether the VMID is free on the whole cluster (`/cluster/nextid?vmid=`): the only proof of absence, since a
   * missing guest and missing rights answer alike. Valid only while the cluster has quorum, which this call checks.
   */
  vmidFree(vmid: number, call?: Call): Promise<Outcome<boolean>>
  /** Finds the guest on whichever node it is now; `ok(null)` is no proof of absence (see `vmidFree`). */
  locate(vmid: number, call?: Call): Promise<Outcome<GuestRef | null>>

  config(guest: GuestRef, call?: Call): Promise<Outcome<GuestConfig>>
  status(guest: GuestRef, call?: Call): Promise<Outcome<GuestStatus>>
  /**
   * The options that a running guest has not taken over yet (`/pending`): they wait for its next restart. `config`
   * shows them as if they held already.
   */
  pending(guest: GuestRef, call?: Call): Promise<Outcome<string[]>>

  /** Averages over time, oldest first; by VMID alone, so the caller has proven whose guest it is. Nothing for a new one. */
  metrics(guest: GuestRef, timeframe: Timeframe, call?: Call): Promise<Outcome<MetricPoint[]>>

  /** `pending(upid)` on success; the guest exists only when its task has ended well. */
  clone(request: CloneRequest, call?: Call): Promise<Outcome<never>>
  createContainer(request: CreateContainerRequest, call?: Call): Promise<Outcome<never>>
  /** Changes options. VMs: `POST config` (a task, `pending`); containers: `PUT config` (`ok`). `digest` guards against others. */
  configure(
    guest: GuestRef,
    options: GuestOptions,
    more?: { digest?: string; remove?: string[] } & Call,
  ): Promise<Outcome<null>>
  /** Absolute size; equal size is no change. A task, or `ok` for a container that has the size already. */
  resizeDisk(guest: GuestRef, disk: string, sizeGb: number, call?: Call): Promise<Outcome<null>>
  start(guest: GuestRef, call?: Call): Promise<Outcome<never>>
  stop(guest: GuestRef, call?: Call): Promise<Outcome<never>>
  shutdown(guest: GuestRef, timeoutSeconds: number, call?: Call): Promise<Outcome<never>>
  /** A VM is off for a moment when this task ends: Proxmox starts it again by a task of its own. */
  reboot(guest: GuestRef, timeoutSeconds: number, call?: Call): Promise<Outcome<never>>
  /** Destroys the guest with its disks, purging jobs and HA. The caller has proven ownership just before. A task. */
  destroy(guest: GuestRef, call?: Call): Promise<Outcome<never>>

  /**
   * Makes a machine that is off, and has no snapshots, a template: its disks become base images, and it is never started
   * again. A task. @param disk one that is still to become one, of a machine that is a template already
   */
  makeTemplate(guest: GuestRef, disk: string | null, call?: Call): Promise<Outcome<never>>

  snapshots(guest: GuestRef, call?: Call): Promise<Outcome<GuestSnapshots>>
  /**
   * Freezes the disks, without the memory of a running VM. Names begin with a letter and have 2 to 40 letters, digits,
   * `_` or `-`. A storage that has no snapshots, a name that is taken and a locked guest fail in the task.
   */
  takeSnapshot(guest: GuestRef, name: string, description: string, call?: Call): Promise<Outcome<never>>
  /** A snapshot that does not exist fails in the task, as `missing`. */
  removeSnapshot(guest: GuestRef, name: string, call?: Call): Promise<Outcome<never>>
  /** Everything since is lost; a running guest is stopped, and stays so. The caller has proven ownership just before. */
  rollback(guest: GuestRef, name: string, call?: Call): Promise<Outcome<never>>

  /**
   * Opens the screen of a VM or the terminal of a container. `conflict` when the guest closes it at once: it is not
   * running, or its node is away. The caller has proven ownership just before.
   */
  openConsole(guest: GuestRef, call?: Call): Promise<Outcome<GuestConsole>>
  /**
   * Backs a guest up into a storage, a running one without stopping it. Nothing older is removed, and the backup is
   * protected from whatever else tidies the storage up. `notes` is one line. A node makes one backup at a time; others
   * wait for it. `missing` when the guest is not on this node.
   */
  backup(guest: GuestRef, to: { storage: string; notes: string }, call?: Call): Promise<Outcome<never>>
  /** The backups in a storage that we may see, of one VMID or of all. */
  backups(node: string, storage: string, vmid: number | null, call?: Call): Promise<Outcome<BackupVolume[]>>
  /** Deletes a backup; one that does not exist is deleted, too. */
  removeBackup(node: string, volid: string, call?: Call): Promise<Outcome<never>>
  /**
   * Makes a guest out of a backup, or overwrites the one that has the VMID, which must be off. Overwritten is lost at
   * once: a restore that fails leaves a guest without disks, or none. The caller has proven ownership just before.
   * A backup that does not exist is `missing`.
   */
  restore(request: RestoreRequest, call?: Call): Promise<Outcome<never>>

  /**
   * Moves the guest to another node. `conflict` when it began to run meanwhile. A guest of the high availability is only
   * asked for: the task ends at once and the guest moves later. A task that fails names its cause; the guest may be on
   * either node then.
   */
  migrate(guest: GuestRef, request: MigrationRequest, call?: Call): Promise<Outcome<never>>

  /** What the high availability is asked to do about the guest; null when it does not look after it. */
  haState(guest: GuestRef, call?: Call): Promise<Outcome<HaState | null>>
  /** Asks something else of it; it is done a while later. Needs Sys.Console on `/`. */
  setHaState(guest: GuestRef, state: HaState, call?: Call): Promise<Outcome<null>>

  /**
   * Writes a file inside a running virtual machine, as root, through its guest agent; one that is there keeps its mode.
   * `conflict` while it is off or its agent does not answer; containers have none. Needs VM.GuestAgent.FileWrite.
   */
  writeGuestFile(guest: GuestRef, file: string, content: string, call?: Call): Promise<Outcome<null>>
  /** Begins a shell script there, in the same way. Needs VM.GuestAgent.Unrestricted. */
  runInGuest(guest: GuestRef, script: string, call?: Call): Promise<Outcome<{ pid: number }>>
  /** What has become of it; the agent forgets it once its end was told. */
  guestRun(guest: GuestRef, pid: number, call?: Call): Promise<Outcome<GuestRun>>

  /**
   * State of a task; its node is inside the UPID. A task that Proxmox does not know (forgotten, or so new that its
   * file is not there yet) is `ok` with state `unknown`.
   */
  task(upid: string, call?: Call): Promise<Outcome<TaskState>>
  /** The last lines of a task's log. */
  taskLog(upid: string, lines: number, call?: Call): Promise<Outcome<string[]>>
  /**
   * Our own tasks (this token or user) of one node since a moment, running ones included: finds what a lost answer
   * started. `vmid` is the id inside the UPID, which for a clone is the source's. `since` is compared with the
   * node's clock, to the second: leave a margin for clocks that differ.
   */
  tasksSince(
    node: string,
    since: Date,
    call?: Call,
  ): Promise<Outcome<{ upid: string; type: string; vmid: string; running: boolean }[]>>
}

export type { MetricPoint, Outcome }
