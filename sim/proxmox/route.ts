import type { Caller } from './auth.ts'
import { BareError, paramError, PveError } from './errors.ts'
import { check, checkAny } from './permissions.ts'
import { int, req, str } from './schema.ts'
import type { Schema } from './schemaTypes.ts'
import { validate } from './validate.ts'
import { findNode } from './world.ts'
import type { World } from './world.ts'

export type Call = {
  world: World
  caller: Caller
  params: Record<string, string>
  /** The node in the path, `localhost` resolved; empty on cluster routes. */
  node: string
  vmid: number
  /** Set by list handlers that count more than they return. */
  total?: number
  /** Set when the answer is to be lost although the request was executed. */
  loseAnswer?: boolean
}

/** `all`: any logged-in caller. Paths may contain `{vmid}` and the like. */
export type Allow =
  | 'all'
  | 'world'
  | { path: string; privileges: string[]; any?: boolean }
  | ((call: Call) => void)

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export type Route = {
  method: Method
  path: string
  allow: Allow
  schema?: Schema
  /** Done by the node that is asked, whatever node the path names. */
  onEntryNode?: true
  run: (call: Call) => unknown
}

const PATH_PARAMS: Schema = {
  node: req(str({ format: 'pve-node' })),
  vmid: req(int({ format: 'pve-vmid', min: 100, max: 999_999_999 })),
  storage: req(str({ format: 'pve-storage-id' })),
  sid: req(str({ format: 'pve-ha-resource-or-vm-id' })),
  upid: req(str()),
  poolid: req(str({ format: 'pve-poolid' })),
  snapname: req(str({ format: 'pve-configid', maxLength: 40 })),
  userid: req(str({ format: 'pve-userid', maxLength: 64 })),
  tokenid: req(str({ pattern: /[A-Za-z][A-Za-z0-9._-]+/ })),
}

type Compiled = { route: Route; segments: string[]; schema: Schema }

export type Router = (world: World, caller: Caller | null, request: RouteRequest) => Promise<RouteAnswer>
type RouteRequest = { method: string; path: string; raw: Record<string, unknown> }
type RouteAnswer = { data: unknown; total: number | undefined; loseAnswer: boolean }

export function makeRouter(routes: Route[]): Router {
  const compiled = routes.map((route): Compiled => {
    const segments = route.path.split('/').slice(1)
    const names = segments.filter((part) => part.startsWith('{')).map((part) => part.slice(1, -1))
    const schema = {
      ...Object.fromEntries(names.map((name) => [name, PATH_PARAMS[name] ?? req(str())])),
      ...route.schema,
    }
    return { route, segments, schema }
  })
  return async (world, caller, request) => {
    const found = find(compiled, request)
    const call: Call = {
      world,
      caller: caller ?? { userid: '', viaToken: false },
      params: {},
      node: '',
      vmid: 0,
    }
    const raw = merge(found.variables, request.raw)
    // Rights come before everything else: who may not see a guest does not learn whether it exists.
    call.params = strings(raw)
    await authorize(found.route, call)
    call.node = await reach(world, found.variables.node, found.route.onEntryNode)
    const { params, errors } = validate(found.schema, raw)
    if (Object.keys(errors).length > 0) paramError(errors)
    call.params = params
    call.vmid = Number(params.vmid ?? 0)
    const data = await found.route.run(call)
    return { data: data ?? null, total: call.total, loseAnswer: call.loseAnswer ?? false }
  }
}

function find(compiled: Compiled[], { method, path }: RouteRequest) {
  const parts = path.split('/').slice(1)
  for (const { route, segments, schema } of compiled) {
    // The name of a volume and a network have slashes of their own, escaped or not.
    const rest = segments.at(-1) === '{volume}' || segments.at(-1) === '{cidr}'
    if (route.method !== method) continue
    if (rest ? parts.length < segments.length : parts.length !== segments.length) continue
    const variables: Record<string, string> = {}
    const fits = segments.every((segment, index) => {
      const part = rest && index === segments.length - 1 ? parts.slice(index).join('/') : (parts[index] ?? '')
      if (!segment.startsWith('{')) return segment === part
      variables[segment.slice(1, -1)] = part
      return part !== ''
    })
    if (fits) return { route, schema, variables }
  }
  throw new PveError(501, `Method '${method} ${path}' not implemented`)
}

function merge(variables: Record<string, string>, raw: Record<string, unknown>): Record<string, unknown> {
  for (const key of Object.keys(raw)) {
    if (key in variables) paramError({ [key]: 'duplicate parameter (already defined in URI)' })
  }
  return { ...raw, ...variables }
}

const strings = (raw: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(raw)
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
      .map(([key, value]) => [key, String(value)]),
  )

async function authorize({ allow }: Route, call: Call): Promise<void> {
  if (allow === 'all' || allow === 'world') return
  if (typeof allow === 'function') return allow(call)
  const path = fill(allow.path, call.params)
  if (allow.any) checkAny(call.world, call.caller.userid, path, allow.privileges)
  else check(call.world, call.caller.userid, path, allow.privileges)
}

const fill = (path: string, params: Record<string, string>) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')

/** Another node's requests are passed on to it; here that means it must exist and be up. */
async function reach(world: World, name: string | undefined, here = false): Promise<string> {
  if (name === undefined) return ''
  if (name === 'localhost' || name === world.entryNode) return world.entryNode
  const node = findNode(world, name)
  if (!node) {
    const why = `failed to get address info for: ${name}: Temporary failure in name resolution`
    throw new PveError(500, `hostname lookup '${name}' failed - ${why}\n`)
  }
  if (!node.online && !here) {
    await new Promise((resolve) => setTimeout(resolve, world.speed.unreachableMs))
    throw new BareError(595, 'No route to host')
  }
  return name
}
