import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { BareError, PveError } from './errors.ts'
import { now } from './world.ts'
import type { World } from './world.ts'

/** Who asks. `userid` includes the token's name (`user@realm!token`). */
export type Caller = { userid: string; viaToken: boolean }

export type Credentials = {
  method: string
  path: string
  cookie: string | undefined
  authorization: string | undefined
  csrf: string | undefined
}

const TICKET_SECONDS = 2 * 3600
const CSRF_SECONDS = 24 * 3600

/** Open to everybody: without these nobody could log in. */
const isOpen = (method: string, path: string) =>
  (path === '/access/domains' && method === 'GET') ||
  (path === '/access/ticket' && (method === 'GET' || method === 'POST'))

/** Throws 401 with the genuine reasons; `null` for a call that needs no login. */
export function authenticate(world: World, given: Credentials): Caller | null {
  const ticket =
    cookieValue(given.cookie, 'PVEAuthCookie') ?? cookieValue(given.authorization, 'PVEAuthCookie')
  const token = ticket === undefined ? cookieValue(given.authorization, 'PVEAPIToken') : undefined
  if (token !== undefined) {
    const userid = verifyToken(world, token)
    if (['/access/ticket', '/access/password'].includes(given.path)) {
      const why = `URI '${given.path}' not available with API token, need proper ticket.\n`
      throw new PveError(403, `Permission check failed (${why})\n`)
    }
    return { userid, viaToken: true }
  }
  if (isOpen(given.method, given.path)) return null
  if (ticket === undefined) refuse('No ticket')
  const userid = verifyTicket(world, ticket)
  if (userid === null) refuse('permission denied - invalid PVE ticket')
  if (given.method !== 'GET' && !verifyCsrf(world, userid, given.csrf)) {
    refuse('Permission denied - invalid csrf token')
  }
  return { userid, viaToken: false }
}

function refuse(reason: string): never {
  throw new BareError(401, reason)
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s|;)${name}=([^;]*)`).exec(header ?? '')
  if (!match) return undefined
  try {
    return decodeURIComponent(match[1] ?? '')
  } catch {
    return match[1]
  }
}

function verifyToken(world: World, text: string): string {
  const match = /^(([^\s:/]+@[A-Za-z][A-Za-z0-9._-]+)!([A-Za-z][A-Za-z0-9._-]+))=(.*)$/s.exec(text)
  if (!match) refuse('no tokenid specified')
  const [, full = '', owner = '', name = '', secret = ''] = match
  const user = world.state.users[owner]
  if (!user) refuse(`no such user ('${owner}')`)
  const token = user.tokens[name]
  if (!token) refuse(`no such token '${name}' for user '${owner}'`)
  if (!user.enabled) refuse(`user '${owner}' is disabled`)
  if (token.expire > 0 && token.expire < now()) refuse(`token '${name}' access expired`)
  if (!same(token.secret, secret)) refuse('invalid token value!')
  return full
}

/** A user's name and password, or a still valid ticket in place of the password. */
export function login(world: World, username: string, password: string): string | null {
  const user = world.state.users[username]
  if (!user?.enabled) return null
  if (password.startsWith('PVE:')) return verifyTicket(world, password) === username ? username : null
  return user.password !== null && same(user.password, password) ? username : null
}

export function makeTicket(world: World, userid: string): { ticket: string; csrf: string } {
  const stamp = now().toString(16).toUpperCase().padStart(8, '0')
  const plain = `PVE:${userid}:${stamp}`
  return { ticket: `${plain}::${mac(world, plain)}`, csrf: `${stamp}:${mac(world, `${stamp}:${userid}`)}` }
}

function verifyTicket(world: World, ticket: string): string | null {
  const match = /^(PVE:([^:]+):([0-9A-F]{8}))::(.+)$/.exec(ticket)
  if (!match) return null
  const [, plain = '', userid = '', stamp = '', signature = ''] = match
  const age = now() - Number.parseInt(stamp, 16)
  const good = same(mac(world, plain), signature) && age > -300 && age < TICKET_SECONDS
  return good && world.state.users[userid]?.enabled ? userid : null
}

function verifyCsrf(world: World, userid: string, given: string | undefined): boolean {
  const [stamp = '', signature = ''] = (given ?? '').split(':')
  const age = now() - Number.parseInt(stamp, 16)
  return same(mac(world, `${stamp}:${userid}`), signature) && age < CSRF_SECONDS
}

const mac = (world: World, text: string) =>
  createHmac('sha256', world.state.ticketKey)
    .update(text)
    .digest('base64')
    .replace(/(?<!=)=+$/, '')

function same(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Only for tokens made through the API; a seed brings its own. */
export function newTokenSecret(): string {
  const hex = randomBytes(16).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
