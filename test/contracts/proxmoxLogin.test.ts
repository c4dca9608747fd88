import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { guest, json, last, rawPairs, reply, upid } from './rawTlsServer.ts'
import type { RawRequest, RawServer } from './rawTlsServer.ts'

const { pair, closeAll } = rawPairs()
afterEach(async () => {
  vi.useRealTimers()
  await closeAll()
})

const ticket = { username: 'panel@pve', password: 'a=b;c&d' }

/** Hands out ticket 1, 2, …; `valid` says which of them is still accepted. */
const withTickets = (valid: (ticketNumber: number) => boolean) => {
  let issued = 0
  return (socket: TLSSocket, request: RawRequest) => {
    if (request.path === '/api2/json/access/ticket') {
      issued += 1
      return json(socket, {
        username: 'panel@pve',
        ticket: `PVE:T${issued}`,
        CSRFPreventionToken: `csrf${issued}`,
      })
    }
    const number = Number(/PVE:T(\d+)/.exec(request.headers.get('cookie') ?? '')?.[1])
    if (!valid(number)) return reply(socket, 401, 'permission denied - invalid PVE ticket', '', true)
    return json(socket, request.method === 'GET' ? { version: '9.1.2', release: '9.1' } : upid)
  }
}
const logins = (server: RawServer) =>
  server.requests.filter((request) => request.path.endsWith('/access/ticket'))

describe('logging in with a password', () => {
  test('calls at the same time log in once', async () => {
    const { server, proxmox } = await pair(
      withTickets(() => true),
      { token: undefined, ticket },
    )
    const answers = await Promise.all([proxmox.version(), proxmox.version(), proxmox.start(guest)])
    expect(answers.map((answer) => answer.outcome)).toEqual(['ok', 'ok', 'pending'])
    expect(logins(server)).toHaveLength(1)
    expect(logins(server)[0]?.body).toBe('username=panel%40pve&password=a%3Db%3Bc%26d')
  })

  test('the CSRF header goes with every write and with no read', async () => {
    const { server, proxmox } = await pair(
      withTickets(() => true),
      { token: undefined, ticket },
    )
    await proxmox.version()
    expect(last(server).headers.has('csrfpreventiontoken')).toBe(false)
    await proxmox.destroy(guest)
    expect(last(server).headers.get('csrfpreventiontoken')).toBe('csrf1')
    expect(last(server).headers.get('cookie')).toBe('PVEAuthCookie=PVE:T1')
  })

  test('a refused ticket is replaced once, also for a write', async () => {
    const { server, proxmox } = await pair(
      withTickets((number) => number > 1),
      { token: undefined, ticket },
    )
    expect(await proxmox.start(guest)).toMatchObject({ outcome: 'pending' })
    expect(logins(server)).toHaveLength(2)
  })

  test('a second refusal is final', async () => {
    const { server, proxmox } = await pair(
      withTickets(() => false),
      { token: undefined, ticket },
    )
    expect(await proxmox.start(guest)).toMatchObject({ outcome: 'rejected', code: 'unauthorized' })
    expect(logins(server)).toHaveLength(2)
  })

  test('a ticket is replaced before its two hours are over', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T00:00:00Z') })
    const { server, proxmox } = await pair(
      withTickets(() => true),
      { token: undefined, ticket },
    )
    await proxmox.version()
    vi.setSystemTime(new Date('2026-01-01T01:30:00Z'))
    await proxmox.version()
    expect(logins(server)).toHaveLength(1)
    vi.setSystemTime(new Date('2026-01-01T01:50:00Z'))
    await proxmox.version()
    expect(logins(server)).toHaveLength(2)
  })

  test('a write whose log-in got no answer is rejected, for it was never sent', async () => {
    const { server, proxmox } = await pair((socket) => socket.destroy(), { token: undefined, ticket })
    const expected = { outcome: 'rejected', code: 'unreachable', retryable: true }
    expect(await proxmox.start(guest)).toMatchObject(expected)
    expect(server.requests).toHaveLength(1)
  })

  test('a wrong password is rejected as unauthorized', async () => {
    const { proxmox } = await pair((socket) => reply(socket, 401, 'authentication failure', '', true), {
      token: undefined,
      ticket,
    })
    expect(await proxmox.version()).toMatchObject({ outcome: 'rejected', code: 'unauthorized' })
  })

  test('an account with a second factor is told to use a token', async () => {
    const { proxmox } = await pair(
      (socket) => json(socket, { NeedTFA: 1, ticket: 'PVE:!tfa!x', CSRFPreventionToken: 'c' }),
      { token: undefined, ticket },
    )
    expect(await proxmox.version()).toMatchObject({ outcome: 'rejected', code: 'unauthorized' })
  })

  test('a caller that gives up during the log-in waits no longer, and its write is not sent', async () => {
    const caller = new AbortController()
    const { server, proxmox } = await pair(() => caller.abort(), { token: undefined, ticket })
    expect(await proxmox.start(guest, { signal: caller.signal })).toMatchObject({
      outcome: 'rejected',
      code: 'unreachable',
    })
    expect(server.requests).toHaveLength(1)
  })
})
