/** Faults asked for by a test. Each is used up after `times` matches. */
export type Fault = {
  method?: string
  /** Regular expression on the path below /api2/json. */
  path?: string
  times?: number
  delayMs?: number
  /** Answered instead of the real answer; the request is not executed unless `execute`. */
  status?: number
  reason?: string
  execute?: boolean
  /** The connection is reset and nothing is done. */
  dropBefore?: boolean
  /** Done, but the connection is reset before the answer. */
  dropAfter?: boolean
  /** Done, but only half of the body arrives. */
  truncate?: boolean
}

export type TaskFault = {
  /** `qmclone`, `qmstart`, … */
  type: string
  /** Exit status. `unexpected status` looks like a killed task; omitted with `warnings`. */
  text?: string
  /** The work is done, the task ends `WARNINGS: 1`. */
  warnings?: boolean
  /** Id inside the UPID: the source for a clone. */
  vmid?: number
  times?: number
}

const REASONS: Record<number, string> = {
  500: 'got no worker upid - start worker failed',
  503: 'Service Unavailable',
  595: 'Connection refused',
  596: 'Connection timed out',
}

export const reasonOf = (fault: Fault): string => fault.reason ?? REASONS[fault.status ?? 500] ?? 'Error'

export function takeFault(faults: Fault[], method: string, path: string): Fault | null {
  const index = faults.findIndex(
    (fault) =>
      (fault.method === undefined || fault.method.toUpperCase() === method) &&
      (fault.path === undefined || new RegExp(fault.path).test(path)),
  )
  return use(faults, index)
}

export function takeTaskFault(faults: TaskFault[], type: string, id: string): TaskFault | null {
  const index = faults.findIndex(
    (fault) => fault.type === type && (fault.vmid === undefined || String(fault.vmid) === id),
  )
  return use(faults, index)
}

function use<T extends { times?: number }>(faults: T[], index: number): T | null {
  const fault = faults[index]
  if (!fault) return null
  const left = (fault.times ?? 1) - 1
  if (left > 0) fault.times = left
  else faults.splice(index, 1)
  return fault
}
