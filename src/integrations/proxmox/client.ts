import { ok, rejected } from '../../lib/outcome.ts'
import type { Ok, Outcome, Rejected, Unknown } from '../../lib/outcome.ts'
import { backups } from './backups.ts'
import { readCpu } from './cpu.ts'
import { createCaller } from './caller.ts'
import type { Caller, More } from './caller.ts'
import { isUnchanged } from './classify.ts'
import * as words from './guestConfig.ts'
import { encodeSshKeys, pathOf } from './encode.ts'
import { asNumber, asRow, asRows, asText, hasQuorum } from './read.ts'
import { isPending, readConfig, readNode, readStatus, readStorage, readSummary } from './read.ts'
import { guestPath, map, started } from './answers.ts'
import { guestAgent } from './guestAgent.ts'
import { consoles } from './console.ts'
import { ha } from './ha.ts'
import { migrations } from './migrations.ts'
import { metrics } from './metrics.ts'
import { firewall } from './firewall.ts'
import { snapshots } from './snapshots.ts'
import { tasks } from './tasks.ts'
import { templates } from './templates.ts'
import type {
  Call,
  CloneRequest,
  CreateContainerRequest,
  GuestConfig,
  GuestOptions,
  GuestRef,
  GuestStatus,
  GuestSummary,
  NodeCpu,
  NodeSummary,
  Proxmox,
  ProxmoxConnection,
  StorageSummary,
} from './types.ts'

/**
 * A client for one Proxmox VE cluster. Makes no connection before the first call and keeps none open for long.
 *
 * Every method resolves to an `Outcome` and never rejects: see `types.ts` for the codes of `rejected`, and
 * `lib/outcome.ts` for what the four outcomes promise. A read that ends `unknown` has changed nothing and may be
 * repeated; a write that ends `unknown` may have been carried out and must be looked up first.
 *
 * Throws a TypeError when the connection itself is unusable (address, credentials, fingerprint).
 */
export const createProxmox = (connection: ProxmoxConnection): Proxmox => proxmoxOf(createCaller(connection))

export function proxmoxOf(caller: Caller): Proxmox {
  return {
    words,
    ...reads(caller),
    ...guestReads(caller),
    ...metrics(caller),
    ...creations(caller),
    ...changes(caller),
    ...snapshots(caller),
    ...templates(caller),
    ...firewall(caller),
    ...consoles(caller),
    ...guestAgent(caller),
    ...backups(caller),
    ...migrations(caller),
    ...ha(caller),
    ...tasks(caller),
  }
}

function reads(caller: Caller) {
  const get = (path: string, more?: More) => caller.call('GET', path, more)
  return {
    async version(call?: Call): Promise<Outcome<{ version: string; release: string }>> {
      return map(await get('/version', call), (data) => {
        const row = asRow(data)
        return { version: asText(row.version), release: asText(row.release) }
      })
    },
    async privileges(call?: Call): Promise<Outcome<Record<string, string[]>>> {
      return map(await get('/access/permissions', call), (data) =>
        Object.fromEntries(
          Object.entries(asRow(data)).map(([path, held]) => [path, Object.keys(asRow(held))]),
        ),
      )
    },
    async nodes(call?: Call): Promise<Outcome<NodeSummary[]>> {
      return map(await get('/nodes', call), (data) => asRows(data).map(readNode))
    },
    async nodeCpu(node: string, call?: Call): Promise<Outcome<NodeCpu>> {
      return map(await get(pathOf('nodes', node, 'status'), call), readCpu)
    },
    async storages(node: string, call?: Call): Promise<Outcome<StorageSummary[]>> {
      return map(await get(pathOf('nodes', node, 'storage'), call), (data) =>
        asRows(data).map((row) => readStorage(node, row)),
      )
    },
    async containerTemplates(
      node: string,
      storage: string,
      call?: Call,
    ): Promise<Outcome<{ volid: string; sizeBytes: number }[]>> {
      const path = pathOf('nodes', node, 'storage', storage, 'content')
      return map(await get(path, { query: { content: 'vztmpl' }, ...call }), (data) =>
        asRows(data).map((row) => ({ volid: asText(row.volid), sizeBytes: asNumber(row.size, 0) })),
      )
    },
    guests: (call?: Call): Promise<Outcome<GuestSummary[]>> => guests(caller, call),
    vmidFree: (vmid: number, call?: Call): Promise<Outcome<boolean>> => vmidFree(caller, vmid, call),
    async locate(vmid: number, call?: Call): Promise<Outcome<GuestRef | null>> {
      const all = await guests(caller, call)
      if (all.outcome !== 'ok') return all
      const found = all.value.find((guest) => guest.vmid === vmid)
      return ok(found ? { node: found.node, kind: found.kind, vmid } : null)
    },
  }
}

async function guests(caller: Caller, call?: Call): Promise<Ok<GuestSummary[]> | Rejected | Unknown> {
  return map(await caller.call('GET', '/cluster/resources', { query: { type: 'vm' }, ...call }), (data) =>
    asRows(data)
      .filter((row) => row.type === 'qemu' || row.type === 'lxc')
      .map(readSummary),
  )
}

/** `ok` only with quorum; `rejected no_quorum` without, and whatever kept us from asking otherwise. */
async function quorum(caller: Caller, call?: Call): Promise<Ok<true> | Rejected | Unknown> {
  const answer = map(await caller.call('GET', '/cluster/status', call), (data) => hasQuorum(asRows(data)))
  if (answer.outcome !== 'ok') return answer
  return answer.value ? ok(true) : rejected('no_quorum', 'the cluster has no quorum', { retryable: true })
}

/**
 * Without quorum `nextid` still answers, from an old copy. Quorum before and after shows that it was there in
 * between, as far as anyone can.
 */
async function vmidFree(caller: Caller, vmid: number, call?: Call): Promise<Outcome<boolean>> {
  const before = await quorum(caller, call)
  if (before.outcome !== 'ok') return before
  const answer = await caller.call('GET', '/cluster/nextid', { query: { vmid }, ...call })
  if (answer.outcome === 'rejected' && answer.code === 'exists') return ok(false)
  const free = map(answer, (data) => asNumber(data) === vmid)
  if (free.outcome !== 'ok') return free
  const after = await quorum(caller, call)
  return after.outcome === 'ok' ? free : after
}

function guestReads(caller: Caller) {
  return {
    async config(guest: GuestRef, call?: Call): Promise<Outcome<GuestConfig>> {
      return map(await caller.call('GET', guestPath(guest, 'config'), call), (data) =>
        readConfig(guest.kind, asRow(data)),
      )
    },
    async status(guest: GuestRef, call?: Call): Promise<Outcome<GuestStatus>> {
      return map(await caller.call('GET', guestPath(guest, 'status', 'current'), call), (data) =>
        readStatus(asRow(data)),
      )
    },
    async pending(guest: GuestRef, call?: Call): Promise<Outcome<string[]>> {
      return map(await caller.call('GET', guestPath(guest, 'pending'), call), (data) =>
        asRows(data)
          .filter(isPending)
          .map((row) => asText(row.key)),
      )
    },
  }
}

function creations(caller: Caller) {
  return {
    async clone(request: CloneRequest, call?: Call): Promise<Outcome<never>> {
      const form = {
        newid: request.newVmid,
        name: request.name,
        description: request.description,
        target: request.target,
        storage: request.storage,
        // Proxmox refuses a target storage for a linked clone.
        full: request.storage === undefined ? undefined : true,
      }
      const path = pathOf('nodes', request.node, 'qemu', request.templateVmid, 'clone')
      return started(await caller.call('POST', path, { form, ...call }))
    },
    async createContainer(request: CreateContainerRequest, call?: Call): Promise<Outcome<never>> {
      const form = {
        vmid: request.vmid,
        hostname: request.hostname,
        description: request.description,
        ostemplate: request.ostemplate,
        rootfs: `${request.storage}:${request.diskGb}`,
        cores: request.cores,
        memory: request.memoryMb,
        net0: request.net0,
        tags: request.tags.length > 0 ? request.tags.join(';') : undefined,
        password: request.password,
        'ssh-public-keys': request.sshKeys,
        // Customers are root in their container: it must not be root on the node.
        unprivileged: true,
      }
      return started(await caller.call('POST', pathOf('nodes', request.node, 'lxc'), { form, ...call }))
    },
  }
}

function changes(caller: Caller) {
  const power = async (guest: GuestRef, action: string, form: GuestOptions, call?: Call) =>
    started(await caller.call('POST', guestPath(guest, 'status', action), { form, ...call }))
  return {
    async configure(
      guest: GuestRef,
      options: GuestOptions,
      more: { digest?: string; remove?: string[] } & Call = {},
    ): Promise<Outcome<null>> {
      const form: GuestOptions = {
        ...options,
        digest: more.digest,
        delete: more.remove?.length ? more.remove.join(',') : undefined,
      }
      if (guest.kind === 'vm' && typeof form.sshkeys === 'string') form.sshkeys = encodeSshKeys(form.sshkeys)
      const method = guest.kind === 'vm' ? 'POST' : 'PUT'
      const answer = await caller.call(method, guestPath(guest, 'config'), { form, signal: more.signal })
      if (answer.outcome === 'ok' && answer.value.data === null) return ok(null)
      return started(answer)
    },
    async resizeDisk(guest: GuestRef, disk: string, sizeGb: number, call?: Call): Promise<Outcome<null>> {
      // Absolute, never `+1G`: said twice, it is still the same size.
      const form = { disk, size: `${sizeGb}G` }
      const answer = await caller.call('PUT', guestPath(guest, 'resize'), { form, ...call })
      return isUnchanged(answer) ? ok(null) : started(answer)
    },
    start: (guest: GuestRef, call?: Call): Promise<Outcome<never>> => power(guest, 'start', {}, call),
    stop: (guest: GuestRef, call?: Call): Promise<Outcome<never>> => power(guest, 'stop', {}, call),
    shutdown: (guest: GuestRef, timeoutSeconds: number, call?: Call): Promise<Outcome<never>> =>
      power(guest, 'shutdown', { timeout: timeoutSeconds }, call),
    reboot: (guest: GuestRef, timeoutSeconds: number, call?: Call): Promise<Outcome<never>> =>
      power(guest, 'reboot', { timeout: timeoutSeconds }, call),
    async destroy(guest: GuestRef, call?: Call): Promise<Outcome<never>> {
      // Unreferenced disks stay: they are found by VMID alone, and on a storage that two clusters share they may
      // belong to the other cluster's guest. (Containers would lose them by default, so it is said both times.)
      const query = { purge: true, 'destroy-unreferenced-disks': false }
      return started(await caller.call('DELETE', guestPath(guest), { query, ...call }))
    },
  }
}
