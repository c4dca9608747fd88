import { rejected } from '../../lib/outcome.ts'
import type { Outcome } from '../../lib/outcome.ts'
import { map, started } from './answers.ts'
import type { Caller } from './caller.ts'
import { pathOf } from './encode.ts'
import { asRows, readBackup } from './read.ts'
import type { BackupVolume, Call, GuestRef, RestoreRequest } from './types.ts'

/** `local:backup/vzdump-….vma.zst` names its storage itself. */
const storageOf = (volid: string): string => volid.split(':')[0] ?? ''

/** The part of the client that is about backups (vzdump) and restoring them. */
export function backups(caller: Caller) {
  return {
    async backup(
      guest: GuestRef,
      to: { storage: string; notes: string },
      call?: Call,
    ): Promise<Outcome<never>> {
      const form = {
        vmid: guest.vmid,
        storage: to.storage,
        mode: 'snapshot',
        compress: 'zstd',
        'notes-template': to.notes,
        // Else the retention of the storage would remove older ones, and other jobs' would remove this one.
        remove: false,
        protected: true,
      }
      const answer = await caller.call('POST', pathOf('nodes', guest.node, 'vzdump'), { form, ...call })
      // A guest of another node is passed over, and the call is called a success.
      if (answer.outcome === 'ok' && answer.value.data === 'OK')
        return rejected('missing', `guest ${guest.vmid} is not on ${guest.node}`)
      return started(answer)
    },
    async backups(
      node: string,
      storage: string,
      vmid: number | null,
      call?: Call,
    ): Promise<Outcome<BackupVolume[]>> {
      const query = { content: 'backup', vmid: vmid ?? undefined }
      const path = pathOf('nodes', node, 'storage', storage, 'content')
      return map(await caller.call('GET', path, { query, ...call }), (data) => asRows(data).map(readBackup))
    },
    async removeBackup(node: string, volid: string, call?: Call): Promise<Outcome<never>> {
      const path = pathOf('nodes', node, 'storage', storageOf(volid), 'content', volid)
      const freed = await caller.call('PUT', path, { form: { protected: false }, ...call })
      // To free it twice is harmless: whoever repeats this call begins with it again.
      return freed.outcome === 'ok' ? started(await caller.call('DELETE', path, call)) : freed
    },
    async restore(request: RestoreRequest, call?: Call): Promise<Outcome<never>> {
      const { kind, node, vmid, volid, storage, overwrite, name, description, net0 } = request
      const common = { vmid, storage, description, net0, force: overwrite, unique: !overwrite }
      const form =
        kind === 'vm'
          ? { ...common, archive: volid, name }
          : { ...common, ostemplate: volid, restore: true, hostname: name }
      return started(
        await caller.call('POST', pathOf('nodes', node, kind === 'vm' ? 'qemu' : 'lxc'), { form, ...call }),
      )
    },
  }
}
