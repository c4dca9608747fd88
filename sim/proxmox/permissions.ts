import { permError } from './errors.ts'
import { ALL_PRIVILEGES, CAPABILITIES } from './roles.ts'
import type { World } from './world.ts'

/**
 * Access control as in Proxmox: roles given on a path hold for what is below it (if they propagate) until another
 * entry for the same user or token replaces them; guests also inherit from their pool; a token with privilege
 * separation has the intersection of its own and its user's rights.
 */
export function privileges(world: World, userid: string, path: string): Set<string> {
  if (userid === 'root@pam') return new Set(ALL_PRIVILEGES)
  const { held } = cached(world)
  const key = `${userid} ${path}`
  const known = held.get(key) ?? computed(world, userid, path)
  held.set(key, known)
  return known
}

type Cache = { version: number; held: Map<string, Set<string>>; pools: Map<string, string> }
const caches = new WeakMap<World, Cache>()

/** A list of thousands of guests asks the same questions again and again. */
function cached(world: World): Cache {
  const old = caches.get(world)
  if (old?.version === world.version) return old
  const pools = new Map<string, string>()
  for (const [name, pool] of Object.entries(world.state.pools)) {
    for (const vmid of pool.vms) pools.set(`/vms/${vmid}`, name)
    for (const storage of pool.storages) pools.set(`/storage/${storage}`, name)
  }
  const cache = { version: world.version, held: new Map<string, Set<string>>(), pools }
  caches.set(world, cache)
  return cache
}

function computed(world: World, userid: string, path: string): Set<string> {
  const [owner = '', tokenName] = userid.split('!')
  if (tokenName === undefined) return grantedTo(world, 'user', userid, path)
  const token = world.state.users[owner]?.tokens[tokenName]
  if (!token) return new Set()
  const ownersRights = privileges(world, owner, path)
  return token.privsep ? intersect(ownersRights, grantedTo(world, 'token', userid, path)) : ownersRights
}

function grantedTo(world: World, type: 'user' | 'token', ugid: string, path: string): Set<string> {
  const roles = new Set(rolesAt(world, type, ugid, path))
  const pool = cached(world).pools.get(path)
  if (pool !== undefined) for (const role of rolesAt(world, type, ugid, `/pool/${pool}`)) roles.add(role)
  if (roles.has('NoAccess')) return new Set()
  return new Set([...roles].flatMap((role) => world.state.roles[role] ?? []))
}

function rolesAt(world: World, type: 'user' | 'token', ugid: string, path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  let roles: string[] = []
  for (let depth = 0; depth <= parts.length; depth += 1) {
    const here = `/${parts.slice(0, depth).join('/')}`
    const final = depth === parts.length
    const given = world.state.acl.filter(
      (entry) =>
        entry.path === here && entry.type === type && entry.ugid === ugid && (final || entry.propagate),
    )
    if (given.length > 0) roles = given.map((entry) => entry.roleid)
  }
  return roles
}

export function can(world: World, userid: string, path: string, privilege: string): boolean {
  return privileges(world, userid, path).has(privilege)
}

export function check(world: World, userid: string, path: string, wanted: string[]): void {
  const held = privileges(world, userid, path)
  for (const privilege of wanted) if (!held.has(privilege)) permError(`${path}, ${privilege}`)
}

export function checkAny(world: World, userid: string, path: string, wanted: string[]): void {
  const held = privileges(world, userid, path)
  if (!wanted.some((privilege) => held.has(privilege))) permError(`${path}, ${wanted.join('|')}`)
}

/** A pool given with the request counts as well as the guest itself. */
export function checkGuest(
  world: World,
  userid: string,
  guest: { vmid: number | string; pool?: string | undefined },
  wanted: string[],
  any = false,
): void {
  const path = `/vms/${guest.vmid}`
  if (guest.pool !== undefined) {
    const held = privileges(world, userid, `/pool/${guest.pool}`)
    if (any ? wanted.some((one) => held.has(one)) : wanted.every((one) => held.has(one))) return
  }
  if (any) checkAny(world, userid, path, wanted)
  else check(world, userid, path, wanted)
}

export function capabilities(world: World, userid: string): Record<string, Record<string, 1>> {
  const caps: Record<string, Record<string, 1>> = {}
  for (const [name, { path, pattern }] of Object.entries(CAPABILITIES)) {
    const held = [...privileges(world, userid, path)].filter((privilege) => pattern.test(privilege))
    caps[name] = Object.fromEntries(held.map((privilege) => [privilege, 1]))
  }
  return caps
}

const intersect = (one: Set<string>, other: Set<string>) =>
  new Set([...one].filter((item) => other.has(item)))
