import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { duplexPair, PassThrough, type Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { exampleCluster, startProxmoxSim, type ProxmoxSim } from '../../sim/proxmox/server.ts'
import { createProxmox } from '../../src/integrations/proxmox/client.ts'
import { answerTo, logInToVnc } from '../../src/integrations/proxmox/rfb.ts'
import { openSocket } from '../../src/integrations/proxmox/socket.ts'
import type { GuestConsole, GuestRef, Outcome, Proxmox } from '../../src/integrations/proxmox/types.ts'
import { connectRfb, shows } from '../support/rfbClient.ts'

const token = { id: 'mpanel@pve!panel', secret: '6f0d1e5c-0000-4000-8000-5ec4e70c0de5' }
const blind = { id: 'blind@pve!panel', secret: '6f0d1e5c-0000-4000-8000-b11d0070c0de' }
const headers = { Authorization: `PVEAPIToken=${token.id}=${token.secret}` }
const VM: GuestRef = { node: 'pve1', kind: 'vm', vmid: 9500 }
const CT: GuestRef = { node: 'pve2', kind: 'ct', vmid: 9501 }

let sim: ProxmoxSim
let proxmox: Proxmox
beforeAll(async () => {
  const seed = exampleCluster({ rootPassword: 'root secret', tokenId: token.id, tokenSecret: token.secret })
  seed.tokens?.push({ ...blind, privsep: false })
  seed.acl?.push({ path: '/', to: 'blind@pve', role: 'PVEAuditor' })
  sim = await startProxmoxSim({ seed })
  proxmox = createProxmox({ url: sim.url, token, fingerprint: sim.fingerprint })
  sim.control.createGuest({ ...VM, name: 'web1.example.com', kind: 'qemu', power: 'running' })
  sim.control.createGuest({ ...CT, name: 'ct1.example.com', kind: 'lxc', power: 'running' })
})
afterEach(() => {
  sim.control.clearFaults()
  sim.control.setNode('pve2', 'online')
  sim.control.setSpeed({ consoleWaitMs: 10_000 })
  for (const { vmid } of [VM, CT]) sim.control.changeGuest(vmid, { power: 'running' })
})
afterAll(() => sim?.close())

function opened(outcome: Outcome<GuestConsole>): GuestConsole {
  if (outcome.outcome !== 'ok') throw new Error(JSON.stringify(outcome))
  return outcome.value
}

type Door = { port: number; ticket: string; password: string }
async function door(path = '/nodes/pve1/qemu/9500/vncproxy'): Promise<Door> {
  const options = { method: 'POST', headers, body: new URLSearchParams({ websocket: '1' }) }
  return ((await asked(path, options)) as { data: Door }).data
}

async function asked(path: string, { method, body }: { method: string; body?: URLSearchParams }) {
  const outgoing = httpsRequest(`${sim.url}/api2/json${path}`, {
    method,
    ca: sim.caPem,
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
  })
  outgoing.end(body?.toString())
  const [response] = (await once(outgoing, 'response')) as [AsyncIterable<Buffer>]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown
}

/** What becomes of an upgrade: `open`, a status, or `dropped`. */
async function upgraded(query: { port: number; vncticket: string }, path = '/nodes/pve1/qemu/9500') {
  const search = new URLSearchParams({ port: String(query.port), vncticket: query.vncticket })
  const socket = new WebSocket(
    `${sim.url.replace('https', 'wss')}/api2/json${path}/vncwebsocket?${search.toString()}`,
    'binary',
    { ca: sim.caPem, headers },
  )
  return new Promise<'open' | 'dropped' | number>((resolve) => {
    socket.on('open', () => {
      resolve('open')
      socket.terminate()
    })
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    socket.on('error', () => resolve('dropped'))
  })
}

describe('the simulated proxies', () => {
  test('a ticket counts once, for its port, its guest and its user', async () => {
    const first = await door()
    const other = await door()
    expect(await upgraded({ port: first.port, vncticket: other.ticket })).toBe(401)
    expect(await upgraded({ port: first.port, vncticket: 'PVEVNC:00000000::none' })).toBe(401)
    const elsewhere = { port: first.port, vncticket: first.ticket }
    expect(await upgraded(elsewhere, '/nodes/pve2/lxc/9501')).toBe(401)
    expect(await upgraded({ port: 7, vncticket: first.ticket })).toBe(400)
    expect(await upgraded({ port: first.port, vncticket: first.ticket })).toBe('open')
    expect(await upgraded({ port: first.port, vncticket: first.ticket })).toBe('dropped')
  })

  test('who comes too late finds nobody', async () => {
    sim.control.setSpeed({ consoleWaitMs: 30 })
    const { port, ticket } = await door()
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(await upgraded({ port, vncticket: ticket })).toBe('dropped')
    const task = sim.control.tasks().findLast(({ type }) => type === 'vncproxy')
    expect(task).toMatchObject({ id: '9500', exitstatus: 'connection timed out' })
  })

  test('without VM.Console, and without the guest, there is none', async () => {
    const few = createProxmox({ url: sim.url, token: blind, fingerprint: sim.fingerprint })
    expect(await few.openConsole(VM)).toMatchObject({ outcome: 'rejected', code: 'forbidden' })
    expect(await proxmox.openConsole({ ...VM, vmid: 9599 })).toMatchObject({ code: 'missing' })
  })
})

describe('the client', () => {
  test('the screen shows the name of the guest and answers keys; nothing of the node is in the stream', async () => {
    const { stream } = opened(await proxmox.openConsole(VM))
    const screen = await connectRfb(stream)
    expect(screen.name).toContain('web1.example.com')
    await screen.look(true)
    const changed = screen.look()
    screen.press('x'.charCodeAt(0))
    // One line of letters, four bytes for each dot.
    expect(await changed).toHaveLength(screen.width * 16 * 4)
    stream.destroy()
  })

  test('the terminal echoes, runs and learns its size', async () => {
    const client = opened(await proxmox.openConsole(CT))
    const { stream } = client
    await shows(stream, /root@ct1\.example\.com:~# $/)
    client.resize(111, 22)
    const answered = shows(stream, /22 111/)
    stream.write('stty size\r')
    await answered
    stream.destroy()
  })

  test('what a guest says faster than it is read waits: nothing is lost', async () => {
    const { stream } = opened(await proxmox.openConsole(CT))
    const text = `echo ${'abcdefghij'.repeat(10_000)}`
    const seen = shows(stream, /j\r\nroot@.*# $/)
    stream.write(`${text}\r`)
    expect((await seen).length).toBeGreaterThan(2 * 100_000)
    stream.destroy()
  })

  test('a guest that is off, or whose node is away, is a conflict that passes', async () => {
    sim.control.changeGuest(VM.vmid, { power: 'stopped' })
    expect(await proxmox.openConsole(VM)).toMatchObject({ code: 'conflict', retryable: true })
    sim.control.setNode('pve2', 'offline')
    const away = await proxmox.openConsole(CT)
    if (away.outcome === 'ok') await once(away.value.stream.resume(), 'close')
    else expect(away).toMatchObject({ code: 'conflict' })
  })

  test('a guest that stops ends its console', async () => {
    const { stream } = opened(await proxmox.openConsole(VM))
    await connectRfb(stream)
    sim.control.changeGuest(VM.vmid, { power: 'stopped' })
    await once(stream, 'close')
  })

  test('an upgrade that is refused, lost or answered by a stranger is no console', async () => {
    sim.control.addFault({ method: 'GET', path: '/vncwebsocket$', status: 403, times: 1 })
    expect(await proxmox.openConsole(VM)).toMatchObject({ outcome: 'rejected', code: 'forbidden' })
    sim.control.addFault({ method: 'GET', path: '/vncwebsocket$', dropBefore: true, times: 1 })
    expect(await proxmox.openConsole(VM)).toMatchObject({ outcome: 'rejected', code: 'unreachable' })
    const target = { host: '127.0.0.1', port: Number(new URL(sim.url).port), connectTimeoutMs: 5_000 }
    const wrong = { ...target, fingerprint: Array.from({ length: 32 }, () => 'AA').join(':') }
    const before = sim.control.requests().length
    expect(await openSocket(wrong, { path: '/', headers, timeoutMs: 5_000 })).toMatchObject({
      outcome: 'rejected',
      code: 'unreachable',
      message: expect.stringContaining('fingerprint') as string,
    })
    expect(sim.control.requests()).toHaveLength(before)
  })
})

describe('the log-in to a VNC server that is not to be trusted', () => {
  const server = (): { us: Duplex; them: Duplex } => {
    const [us, them] = duplexPair()
    them.resume()
    return { us, them }
  }
  const logIn = (us: Duplex, withinMs = 2_000) => logInToVnc(us, 'secret', AbortSignal.timeout(withinMs))

  test.each([
    ['speaks something else', Buffer.from('HTTP/1.1 200 OK\r\n'), /no VNC/],
    ['refuses everybody', Buffer.from('RFB 003.008\n\0'), /refuses everybody/],
    ['asks for something unknown', Buffer.from('RFB 003.008\n\x01\x13'), /do not know/],
    [
      'does not take the password',
      Buffer.concat([Buffer.from('RFB 003.008\n\x01\x02'), Buffer.alloc(16, 7), Buffer.from([0, 0, 0, 1])]),
      /own password/,
    ],
  ])('ends when it %s', async (_, says, message) => {
    const { us, them } = server()
    them.write(says)
    await expect(logIn(us)).rejects.toThrow(message)
  })

  test('ends when it says nothing, or hangs up', async () => {
    await expect(logIn(server().us, 50)).rejects.toThrow(/in time/)
    const { us, them } = server()
    them.end('RFB 0')
    await expect(logIn(us)).rejects.toThrow(/closed/)
    await expect(logIn(new PassThrough().end() as Duplex)).rejects.toThrow(/closed/)
  })

  test('the answer to a challenge is the one that other implementations give', () => {
    // FIPS 81's key and plain text, with the bits of each byte of the key in reverse.
    const key = Buffer.from('0123456789abcdef', 'hex').map((byte) =>
      Number.parseInt(byte.toString(2).padStart(8, '0').split('').toReversed().join(''), 2),
    )
    const plain = Buffer.from('Now is the time ')
    expect(answerTo(plain, Buffer.from(key).toString('latin1')).toString('hex')).toBe(
      '3fa40e8a984d48156a271787ab8883f9',
    )
  })
})
