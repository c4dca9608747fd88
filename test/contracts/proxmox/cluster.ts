import type { GuestRef } from '../../../src/integrations/proxmox/types.ts'
import { expectEqual, expectOk, expectRejected, expectThat, failureCode } from './expect.ts'
import { endOf, newVmid } from './world.ts'
import type { Check, World } from './world.ts'

const nobody = async (world: World): Promise<GuestRef> => ({
  node: world.node,
  kind: 'vm',
  vmid: await newVmid(world),
})

/** A guest that does not exist: `missing`, or `forbidden` for a token whose rights end at its own guests. */
const ABSENT = ['missing', 'forbidden']

const clusterLists: Check[] = [
  {
    name: 'nodes lists the node as online, with cores and memory',
    async run(world) {
      const nodes = expectOk('nodes', await world.proxmox.nodes())
      const node = nodes.find(({ name }) => name === world.node)
      expectThat(
        'nodes',
        node?.status === 'online' && node.cores > 0 && node.memoryMb > 0,
        'an online node',
        nodes,
      )
    },
  },
  {
    name: 'storages lists the storage as active, with its space',
    async run(world) {
      const storages = expectOk('storages', await world.proxmox.storages(world.node))
      const storage = storages.find(({ name }) => name === world.storage)
      expectThat(
        'storages',
        storage !== undefined && storage.active && storage.totalGb > 0 && storage.availGb <= storage.totalGb,
        `an active ${world.storage}`,
        storages,
      )
      expectThat('its content', storage?.content.includes('images') ?? false, 'images', storage)
    },
  },
  {
    name: 'a node names its processors, and what they can do as far as they are x86-64 ones',
    async run(world) {
      const { model, level } = expectOk('nodeCpu', await world.proxmox.nodeCpu(world.node))
      expectThat('nodeCpu', model !== '' && level !== null, 'a model and a level', { model, level })
      expectRejected('nodeCpu', await world.proxmox.nodeCpu('no-such-node'), ['refused'])
    },
  },
  {
    name: 'the storages of a node that does not exist are refused',
    async run(world) {
      expectRejected('storages', await world.proxmox.storages('no-such-node'), ['refused'])
    },
  },
  {
    name: 'container templates are listed with their size',
    needs: 'container',
    async run(world) {
      const storage = world.ctTemplate?.split(':')[0] ?? ''
      const templates = expectOk('templates', await world.proxmox.containerTemplates(world.node, storage))
      const template = templates.find(({ volid }) => volid === world.ctTemplate)
      expectThat('templates', (template?.sizeBytes ?? 0) > 0, `${world.ctTemplate} with a size`, templates)
    },
  },
  {
    name: 'the content of a storage that does not exist is refused',
    async run(world) {
      const outcome = await world.proxmox.containerTemplates(world.node, 'no-such-storage')
      expectRejected('templates', outcome, ['refused', 'forbidden'])
    },
  },
  {
    name: 'guests lists the template as a template on its node',
    async run(world) {
      const guests = expectOk('guests', await world.proxmox.guests())
      const found = guests.find(({ vmid }) => vmid === world.templateVmid)
      expectThat(
        'guests',
        found !== undefined && found.template && found.kind === 'vm' && found.node === world.node,
        `template ${world.templateVmid} on ${world.node}`,
        found ?? guests,
      )
    },
  },
  {
    name: 'locate finds the template on its node',
    async run(world) {
      const found = expectOk('locate', await world.proxmox.locate(world.templateVmid))
      expectEqual('locate', found, { node: world.node, kind: 'vm', vmid: world.templateVmid })
    },
  },
]

const absence: Check[] = [
  {
    name: 'a VMID that nobody uses is free',
    async run(world) {
      const vmid = await newVmid(world)
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(vmid)), true)
    },
  },
  {
    name: "the template's VMID is not free",
    async run(world) {
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(world.templateVmid)), false)
    },
  },
  {
    name: 'a VMID that Proxmox does not allow is invalid, not free',
    async run(world) {
      expectRejected('vmidFree', await world.proxmox.vmidFree(99), ['invalid'])
    },
  },
  {
    name: 'locate finds nothing for a free VMID',
    async run(world) {
      expectEqual('locate', expectOk('locate', await world.proxmox.locate((await nobody(world)).vmid)), null)
    },
  },
  {
    name: 'the configuration and status of a guest that does not exist are missing',
    async run(world) {
      const guest = await nobody(world)
      expectRejected('config', await world.proxmox.config(guest), ABSENT)
      expectRejected('status', await world.proxmox.status(guest), ABSENT)
      expectRejected('config of a container', await world.proxmox.config({ ...guest, kind: 'ct' }), ABSENT)
    },
  },
  {
    name: 'changing, starting and destroying a guest that does not exist never succeeds',
    async run(world) {
      const guest = await nobody(world)
      const { proxmox } = world
      const calls = {
        configure: () => proxmox.configure(guest, { cores: 1 }),
        start: () => proxmox.start(guest),
        destroy: () => proxmox.destroy(guest),
      }
      for (const [what, call] of Object.entries(calls)) {
        const code = failureCode(what, await endOf(world, what, await call()))
        expectThat(what, ABSENT.includes(code), ABSENT.join(' or '), code)
      }
    },
  },
]

const taskReads: Check[] = [
  {
    name: 'a task that nobody remembers is neither success nor failure',
    async run(world) {
      const user = world.connection.token?.id ?? world.connection.ticket?.username
      const upid = `UPID:${world.node}:00000001:00000001:5F000000:qmstart:${world.templateVmid}:${user}:`
      const state = expectOk('task', await world.proxmox.task(upid))
      expectEqual('task', state.state, 'unknown')
    },
  },
  {
    name: 'no task of ours lies in the future',
    async run(world) {
      const future = new Date('2100-01-01T00:00:00Z')
      expectEqual('tasks', expectOk('tasksSince', await world.proxmox.tasksSince(world.node, future)), [])
    },
  },
]

export const clusterChecks: Check[] = [...clusterLists, ...absence, ...taskReads]
