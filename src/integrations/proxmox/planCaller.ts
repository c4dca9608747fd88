import { ok, rejected } from '../../lib/outcome.ts'
import { encodeParams, type Params } from './encode.ts'
import type { Caller, More } from './caller.ts'
import type { PlannedCall } from './planTypes.ts'

const SECRET = new Set(['password', 'cipassword', 'content'])

/**
 * Lets reads through, and keeps every write from the cluster: it is noted, and answered with a task. The tasks are
 * known by `isPlanned`.
 */
export function planCaller(caller: Caller, foreseen: (call: PlannedCall) => void): Caller {
  let tasks = 0
  return {
    user: caller.user,
    call: async (method, path, more = {}) => {
      if (method === 'GET') return caller.call(method, path, more)
      foreseen({ method, path, params: shownParams(more) })
      const node = /^\/nodes\/([^/]+)\//.exec(path)?.[1] ?? 'cluster'
      const number = (++tasks).toString(16).padStart(8, '0').toUpperCase()
      return ok({ data: `UPID:${node}:${number}:00000000:00000000:${PLANNED}::${caller.user}:` })
    },
    upgrade: () => Promise.resolve(rejected('refused', 'a plan opens no console')),
  }
}

const PLANNED = 'planned'
export const isPlanned = (upid: string): boolean => upid.split(':')[5] === PLANNED

/** The parameters as they go on the wire, without those that only guard the call. */
export function shownParams({ query, form }: More): Record<string, string> {
  const { digest: _, ...params }: Params = { ...query, ...form }
  const entries = new URLSearchParams(encodeParams(params))
  return Object.fromEntries([...entries].map(([key, value]) => [key, SECRET.has(key) ? '(secret)' : value]))
}
