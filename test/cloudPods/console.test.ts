import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CloudPodConsoleTicket } from '../../shared/api/cloudPodConsole.ts'
import { startServer } from '../../src/server.ts'
import * as cloudPodConsoleService from '../../src/services/cloudPodConsoleService.ts'
import type { Answer, Api } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { consoleOf, openConsole, type Caller, type OpenedConsole } from '../support/consoleClient.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { connectRfb, shows } from '../support/rfbClient.ts'
import { keyOf, person, session } from '../users/people.ts'
import { delivered, PODS, type Placed } from './faults.ts'

type Me = { api: Api; caller: Caller; id: string; email: string }
type Event = { action: string; outcome: string; actor_id: string; details: Record<string, unknown> | null }

let app: TestApp
let vm: Placed
let ct: Placed
let me: Me
beforeAll(async () => {
  app = await startApp()
  vm = await delivered(app, { kind: 'vm' })
  ct = await delivered(app, { kind: 'ct' })
  me = await somebody('SUPER_ADMIN')
})
afterAll(() => app.close())
afterEach(() => {
  app.sim.control.clearFaults()
  app.clock.offsetMs = 0
})

async function somebody(
  role: 'SUPER_ADMIN' | 'TENANT_OWNER' | 'TENANT_USER',
  tenantId: string | null = null,
): Promise<Me> {
  const { id, email } = await person(app, role, tenantId)
  const { api, token } = await session(app, email)
  return { api, caller: { cookie: token }, id, email }
}

const ask = (
  api: Api,
  { podId }: { podId: string },
): Promise<Answer<CloudPodConsoleTicket & { code: string }>> => api.post(`${PODS}/${podId}/console`)

async function ticketOf(who: Me, pod: { podId: string }): Promise<CloudPodConsoleTicket> {
  const { status, body } = await ask(who.api, pod)
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

const opened = async (who: Me, pod: { podId: string }): Promise<OpenedConsole> =>
  consoleOf(app, who.caller, await ticketOf(who, pod))

const eventsOf = (pod: { podId: string }, action: string): Promise<Event[]> =>
  rowsOf(
    app,
    sql<Event>`select action, outcome, actor_id, details from audit_events
      where target_id = ${pod.podId} and action = ${action} order by id`,
  )

/** The newest end of a console of the pod, once it is written down. */
const lastEnd = (pod: { podId: string }, action: string, since: number): Promise<Event> =>
  until(async () => {
    const events = await eventsOf(pod, action)
    return events.length > since && events.at(-1)
  }, `${action} of ${pod.podId}`)

/** Opens a console, does something, and reads why it has ended. */
async function endedBy(who: Me, pod: Placed, deed: () => unknown) {
  const before = (await eventsOf(pod, 'CLOUDPOD_CONSOLE_CLOSED')).length
  const client = await opened(who, pod)
  if (pod === vm) await connectRfb(client.stream)
  else await shows(client.stream, /# $/)
  await deed()
  client.stream.resume()
  const closed = await client.closed
  const { details } = await lastEnd(pod, 'CLOUDPOD_CONSOLE_CLOSED', before)
  return { ...closed, why: details?.['why'] }
}

it('the screen of a virtual machine shows its name and answers keys, and both ends are in the audit log', async () => {
  const client = await opened(me, vm)
  const screen = await connectRfb(client.stream)
  expect(screen.name).toContain(vm.order.hostname)
  await screen.look(true)
  const changed = screen.look()
  screen.press('a'.charCodeAt(0))
  expect((await changed).length).toBeGreaterThan(0)
  const before = (await eventsOf(vm, 'CLOUDPOD_CONSOLE_CLOSED')).length
  client.socket.close()
  const end = await lastEnd(vm, 'CLOUDPOD_CONSOLE_CLOSED', before)
  expect(end).toMatchObject({ actor_id: me.id, outcome: 'success', details: { why: 'closed_by_user' } })
  expect(end.details?.['bytesIn']).toBeGreaterThan(20)
  expect(end.details?.['bytesOut']).toBeGreaterThan(100_000)
  const [first] = await eventsOf(vm, 'CLOUDPOD_CONSOLE_OPENED')
  expect(first?.details?.['consoleId']).toBe(end.details?.['consoleId'])
})

it('the terminal of a container answers what is typed, and knows its size', async () => {
  const client = await opened(me, ct)
  await shows(client.stream, /# $/)
  client.socket.send('resize:101:33')
  const answered = shows(client.stream, /33 101/)
  client.socket.send(Buffer.from('stty size\r'))
  await answered
  client.socket.send('resize:0:0')
  client.socket.send('what is this?')
  const echoed = shows(client.stream, /still here/)
  client.socket.send(Buffer.from('still here'))
  await echoed
  const before = (await eventsOf(ct, 'CLOUDPOD_CONSOLE_CLOSED')).length
  client.stream.resume()
  client.socket.send(Buffer.from('\u0003exit\r'))
  expect((await client.closed).code).toBe(4001)
  expect((await lastEnd(ct, 'CLOUDPOD_CONSOLE_CLOSED', before)).details).toMatchObject({
    why: 'closed_by_guest',
  })
})

describe('a ticket', () => {
  it('opens one console, also of two that come at the same moment', async () => {
    const ticket = await ticketOf(me, vm)
    const both = await Promise.all([1, 2].map(() => openConsole(app, me.caller, ticket)))
    expect(both.map(({ status }) => String(status)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      '403',
      'open',
    ])
    for (const one of both) if ('socket' in one) one.socket.close()
    expect(await openConsole(app, me.caller, ticket)).toEqual({ status: 403, code: 'ticket_refused' })
  })

  it('is worth nothing after half a minute, for another pod, and for another session of the same person', async () => {
    const refused = { status: 403, code: 'ticket_refused' }
    const late = await ticketOf(me, vm)
    app.clock.offsetMs = 31_000
    expect(await openConsole(app, me.caller, late)).toEqual(refused)
    app.clock.offsetMs = 0
    const { ticket, path } = await ticketOf(me, vm)
    expect(await openConsole(app, me.caller, { ticket, path: `${PODS}/${ct.podId}/console` })).toEqual(
      refused,
    )
    const again = await session(app, me.email)
    expect(await openConsole(app, { cookie: again.token }, { ticket, path })).toEqual(refused)
    const key = await keyOf(app, me.email)
    expect(await openConsole(app, { key: key.token }, { ticket, path })).toEqual(refused)
    const other = await somebody('SUPER_ADMIN')
    expect(await openConsole(app, other.caller, { ticket, path })).toEqual(refused)
    expect(await openConsole(app, me.caller, { ticket: 'made-up', path })).toEqual(refused)
    expect(await openConsole(app, me.caller, { ticket, path }, { protocols: ['mpanel-console'] })).toEqual(
      refused,
    )
    // Nothing of that has used it up.
    ;(await consoleOf(app, me.caller, { ticket, path, expiresAt: '', kind: 'vnc' })).socket.close()
  })

  it('is stored as a hash and written into no log', async () => {
    const { ticket, path } = await ticketOf(me, vm)
    ;(await consoleOf(app, me.caller, { ticket, path, expiresAt: '', kind: 'vnc' })).socket.close()
    const rows = await rowsOf(app, sql<{ all: string }>`select t::text as all from cloud_pod_consoles t`)
    const audit = await rowsOf(app, sql<{ all: string }>`select t::text as all from audit_events t`)
    expect(JSON.stringify([rows, audit, app.logs])).not.toContain(ticket)
  })

  it('opens nothing for other pages, and nothing that is no WebSocket', async () => {
    const ticket = await ticketOf(me, vm)
    const refused = { status: 403, code: 'csrf_refused' }
    for (const origin of ['https://evil.example.com', 'null', null])
      expect(await openConsole(app, me.caller, ticket, { origin })).toEqual(refused)
    expect((await me.api.get<{ code: string }>(ticket.path)).body.code).toBe('malformed_request')
    const key = await keyOf(app, me.email)
    const own = await ask(key.api, vm)
    expect(
      await openConsole(app, { key: key.token }, own.body, { origin: 'https://evil.example.com' }),
    ).toEqual(refused)
    ;(await consoleOf(app, { key: key.token }, own.body)).socket.close()
  })
})

describe('no console has', () => {
  it('somebody of another tenant, or without the permission', async () => {
    const stranger = await somebody('TENANT_OWNER', await app.tenant())
    expect((await ask(stranger.api, vm)).status).toBe(404)
    const user = await somebody('TENANT_USER', vm.tenantId)
    expect((await ask(user.api, vm)).status).toBe(403)
    const { ticket, path } = await ticketOf(me, vm)
    expect(await openConsole(app, stranger.caller, { ticket, path })).toMatchObject({ status: 404 })
    expect(await openConsole(app, user.caller, { ticket, path })).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
    expect(await openConsole(app, { cookie: 'nobody' }, { ticket, path })).toMatchObject({ status: 401 })
  })

  it('a pod that is off, as far as we know or as the cluster says', async () => {
    const { status, body } = await app.admin.post<{ job: { id: string } }>(`${PODS}/${ct.podId}/stop`)
    expect(status, JSON.stringify(body)).toBe(202)
    await until(async () => (await ask(me.api, ct)).body.code === 'invalid_state', 'the pod to be off')
    await app.admin.post(`${PODS}/${ct.podId}/start`)
    await until(async () => (await ask(me.api, ct)).status === 201, 'the pod to run')
    app.sim.control.changeGuest(ct.vmid, { power: 'stopped' })
    const before = (await eventsOf(ct, 'CLOUDPOD_CONSOLE_FAILED')).length
    const client = await opened(me, ct)
    expect(await client.closed).toMatchObject({
      code: 4008,
      reason: expect.stringContaining('not running') as string,
    })
    expect((await lastEnd(ct, 'CLOUDPOD_CONSOLE_FAILED', before)).details).toMatchObject({
      code: 'not_running',
    })
    app.sim.control.changeGuest(ct.vmid, { power: 'running' })
  })

  it('a foreign guest under the VMID of the pod, and not a byte of it is seen', async () => {
    const own = guestsOf(app, vm.podId)[0]
    app.sim.control.changeGuest(vm.vmid, { config: { description: 'somebody else’s' } })
    app.sim.control.clearRequests()
    const client = await opened(me, vm)
    client.stream.on('data', () => expect.unreachable())
    expect((await client.closed).reason).toContain('not the one that mPanel made')
    expect(app.sim.control.requests({ path: 'vncproxy|vncwebsocket' })).toEqual([])
    app.sim.control.changeGuest(vm.vmid, { config: { description: own?.config.description ?? '' } })
  })

  it('whoever would learn of the infrastructure by its failure: they read a general sentence', async () => {
    app.sim.control.addFault({
      method: 'POST',
      path: '/vncproxy$',
      status: 595,
      reason: 'No route to host',
      times: 2,
    })
    const owner = await somebody('TENANT_OWNER', vm.tenantId)
    const told = await Promise.all(
      [owner, me].map(async (who) => (await (await opened(who, vm)).closed).reason),
    )
    expect(told[0]).toBe('The console cannot be reached at the moment. Try again later.')
    expect(told[1]).toContain('No route to host')
  })
})

describe('an open console ends when', () => {
  it('its session is over', async () => {
    const who = await somebody('SUPER_ADMIN')
    expect(await endedBy(who, vm, () => who.api.post('/api/auth/logout'))).toMatchObject({
      code: 4004,
      why: 'access_lost',
    })
  })

  it('its user has lost the permission', async () => {
    const owner = await somebody('TENANT_OWNER', vm.tenantId)
    const deed = () => rowsOf(app, sql`delete from role_grants where user_id = ${owner.id}`)
    expect(await endedBy(owner, vm, deed)).toMatchObject({ code: 4004, why: 'access_lost' })
  })

  it('its guest stops', async () => {
    const stop = () => app.sim.control.changeGuest(vm.vmid, { power: 'stopped' })
    expect(await endedBy(me, vm, stop)).toMatchObject({ code: 4001, why: 'closed_by_guest' })
    app.sim.control.changeGuest(vm.vmid, { power: 'running' })
  })

  it('nothing is typed for a long time, also while the picture is looked at; and after hours in any case', async () => {
    const limit = (tenantId: string, name: string) =>
      app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { [`cloudPods.${name}`]: 1 })
    expect((await limit(vm.tenantId, 'consoleIdleMinutes')).status).toBe(200)
    expect((await limit(ct.tenantId, 'consoleMaxMinutes')).status).toBe(200)
    const later = () => (app.clock.offsetMs = 61_000)
    expect(await endedBy(me, vm, later)).toMatchObject({ code: 4002, why: 'idle' })
    app.clock.offsetMs = 0
    expect(await endedBy(me, ct, later)).toMatchObject({ code: 4003, why: 'too_long' })
  })

  it('its tenant is suspended, and none is opened there until that is over', async () => {
    const path = `/api/admin/tenants/${vm.tenantId}`
    const ticket = await ticketOf(me, vm)
    const suspend = () => {
      // The pod of a suspended tenant is stopped as well, which would end its console, too.
      app.sim.control.pauseTasks()
      return app.admin.post(`${path}/suspend`, { reason: 'unpaid' })
    }
    expect((await endedBy(me, vm, suspend)).why).toBe('tenant_suspended')
    expect((await ask(me.api, vm)).body.code).toBe('invalid_state')
    expect(await openConsole(app, me.caller, ticket)).toMatchObject({ status: 409, code: 'invalid_state' })
    app.sim.control.resumeTasks()
    await app.admin.post(`${path}/restore`, {})
    await until(async () => (await ask(me.api, vm)).status === 201, 'the pod to run again')
  })
})

it('a pod has four consoles at most; those that nobody hears of any more do not count, and get their end', async () => {
  const closed = async () => (await eventsOf(ct, 'CLOUDPOD_CONSOLE_CLOSED')).length
  const begun = await closed()
  const four = [await opened(me, ct), await opened(me, ct), await opened(me, ct), await opened(me, ct)]
  expect((await ask(me.api, ct)).body).toMatchObject({ code: 'invalid_state' })
  for (const { stream, socket } of four) {
    stream.resume()
    socket.close()
  }
  await until(async () => (await closed()) === begun + 4, 'the consoles to be over')
  expect((await ask(me.api, ct)).status).toBe(201)
  const before = await closed()
  await rowsOf(
    app,
    sql`update cloud_pod_consoles set closed_at = null, ended = null, seen_at = now() - interval '3 minutes'
      where id = (select id from cloud_pod_consoles where pod_id = ${ct.podId} and opened_at is not null limit 1)`,
  )
  await app.as((ctx) => cloudPodConsoleService.tidy(ctx))
  expect((await lastEnd(ct, 'CLOUDPOD_CONSOLE_CLOSED', before)).details).toMatchObject({
    why: 'server_stopped',
  })
})

it('a server that stops ends its consoles and writes it down', async () => {
  const second = await startServer(app.root, app.databaseUrl, {
    host: '127.0.0.1',
    port: 0,
    trustedProxies: [],
  })
  const client = await consoleOf({ ...app, url: second.url }, me.caller, await ticketOf(me, vm))
  await connectRfb(client.stream)
  const before = (await eventsOf(vm, 'CLOUDPOD_CONSOLE_CLOSED')).length
  client.stream.resume()
  await second.stop()
  expect((await client.closed).code).toBe(4007)
  const { details } = await lastEnd(vm, 'CLOUDPOD_CONSOLE_CLOSED', before)
  expect(details).toMatchObject({ why: 'server_stopped' })
})
