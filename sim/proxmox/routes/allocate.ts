import { permError } from '../errors.ts'
import { can } from '../permissions.ts'
import type { Call } from '../route.ts'

/** On the guest's path or on the pool it is to be born in. */
export function assertMayAllocate({ world, caller, params, vmid }: Call): void {
  const allowed =
    can(world, caller.userid, `/vms/${vmid}`, 'VM.Allocate') ||
    (params.pool !== undefined && can(world, caller.userid, `/pool/${params.pool}`, 'VM.Allocate'))
  if (!allowed) permError()
}
