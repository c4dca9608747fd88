import type { Proxmox, ProxmoxConnection } from './types.ts'

/** A change that was foreseen, as it would be asked for. `params` has no secrets, and no digest of what was read before. */
export type PlannedCall = {
  method: 'POST' | 'PUT' | 'DELETE'
  /** Below `/api2/json`. */
  path: string
  params: Record<string, string>
}

/** What follows depends on something that only doing it would show. The message says on what. */
export type PlanEnds = Error & { readonly planEnds: true }

/**
 * A client that reads the cluster and changes nothing: what is asked for goes to `foreseen`, and is answered as if it had
 * been done. What is read afterwards is as it would be then.
 * Its methods throw PlanEnds where that cannot be foreseen.
 */
export type PlanProxmox = (connection: ProxmoxConnection, foreseen: (call: PlannedCall) => void) => Proxmox
