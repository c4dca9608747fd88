import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { loadCertificate } from '../../sim/proxmox/certificate.ts'
import { createProxmox } from '../../src/integrations/proxmox/client.ts'
import { guest, json, rawPairs, reply, startRawServer, token, upid } from './rawTlsServer.ts'

const { pair, open, closeAll } = rawPairs()
afterEach(closeAll)

const unreachable = { outcome: 'rejected', code: 'unreachable', retryable: true }

/** A plain TCP server: whatever is behind the address, it speaks no TLS. */
async function plainServer(onConnect: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    onConnect(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function closedPort(): Promise<string> {
  const url = await plainServer(() => {})
  await open.pop()?.close()
  return url
}

const version = { data: { version: '9.1.2', release: '9.1' } }

describe('what was certainly not sent', () => {
  const { fingerprint } = loadCertificate(undefined, 'localhost')

  test('a refused connection is rejected as unreachable, for reads and writes', async () => {
    const proxmox = createProxmox({ url: await closedPort(), token, fingerprint })
    expect(await proxmox.version()).toMatchObject(unreachable)
    const message = expect.stringMatching(
      /ECONNREFUSED.*: see that the node runs and that this machine reaches 127\.0\.0\.1:\d+$/,
    )
    expect(await proxmox.start(guest)).toMatchObject({ ...unreachable, message })
  })

  test('a host name that does not resolve is rejected as unreachable', async () => {
    const proxmox = createProxmox({ url: 'https://no-such-host.invalid:8006', token, fingerprint })
    expect(await proxmox.start(guest)).toMatchObject(unreachable)
  })

  test('a server that speaks no TLS is rejected as unreachable', async () => {
    const url = await plainServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
    expect(await createProxmox({ url, token, fingerprint }).start(guest)).toMatchObject(unreachable)
  })

  test('a handshake that never ends is rejected as unreachable, not unknown', async () => {
    const url = await plainServer(() => {})
    const proxmox = createProxmox({ url, token, fingerprint, timeoutMs: 150 })
    const message = expect.stringMatching(/^no connection within 0\.15 s: see that the node runs/)
    expect(await proxmox.start(guest)).toMatchObject({ ...unreachable, message })
  })

  test('a call whose caller has given up already is not sent', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    expect(await proxmox.start(guest, { signal: AbortSignal.abort() })).toMatchObject(unreachable)
    expect(server.receivedBytes).toBe(0)
  })

  test('a guest without a node is refused before anything is sent', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    expect(await proxmox.destroy({ ...guest, node: '' })).toMatchObject({
      outcome: 'rejected',
      code: 'invalid',
    })
    expect(await proxmox.destroy({ ...guest, node: '..' })).toMatchObject({
      outcome: 'rejected',
      code: 'invalid',
    })
    expect(server.receivedBytes).toBe(0)
  })
})

describe('whom the client trusts', () => {
  const other = loadCertificate(undefined, 'localhost')

  test('a certificate that nobody has vouched for is refused, with what to give', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid), {
      fingerprint: undefined,
      ca: undefined,
    })
    const message = expect.stringContaining(
      'the CA of its nodes (/etc/pve/pve-root-ca.pem) or the fingerprint',
    )
    expect(await proxmox.start(guest)).toMatchObject({ ...unreachable, message })
    expect(server.receivedBytes).toBe(0)
  })

  test('a server with another fingerprint receives no byte of a request', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid), { fingerprint: other.fingerprint })
    expect(await proxmox.start(guest)).toMatchObject(unreachable)
    expect(await proxmox.version()).toMatchObject(unreachable)
    expect(server.receivedBytes).toBe(0)
  })

  test('a server signed by another CA receives no byte of a request', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid), {
      ca: other.caPem,
      fingerprint: undefined,
    })
    expect(await proxmox.start(guest)).toMatchObject(unreachable)
    expect(server.receivedBytes).toBe(0)
  })

  test('without CA and fingerprint an unknown certificate receives no byte of a request', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid), { fingerprint: undefined })
    expect(await proxmox.start(guest)).toMatchObject(unreachable)
    expect(server.receivedBytes).toBe(0)
  })

  test('a log-in never sends the password to a server with another fingerprint', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, {}), {
      token: undefined,
      ticket: { username: 'panel@pve', password: 'opensesame' },
      fingerprint: other.fingerprint,
    })
    expect(await proxmox.version()).toMatchObject(unreachable)
    expect(server.receivedBytes).toBe(0)
  })

  test('the right CA is enough', async () => {
    const server = await startRawServer((socket) => reply(socket, 200, 'OK', JSON.stringify(version)))
    open.push(server)
    const proxmox = createProxmox({ url: server.url, token, ca: server.caPem })
    expect(await proxmox.version()).toEqual({ outcome: 'ok', value: version.data })
  })

  test('a fingerprint may be written without colons and in lower case', async () => {
    const server = await startRawServer((socket) => reply(socket, 200, 'OK', JSON.stringify(version)))
    open.push(server)
    const fingerprint = server.fingerprint.replaceAll(':', '').toLowerCase()
    expect(await createProxmox({ url: server.url, token, fingerprint }).version()).toMatchObject({
      outcome: 'ok',
    })
  })

  test('the right CA does not excuse another fingerprint', async () => {
    const server = await startRawServer((socket) => json(socket, upid))
    open.push(server)
    const proxmox = createProxmox({
      url: server.url,
      token,
      ca: server.caPem,
      fingerprint: other.fingerprint,
    })
    expect(await proxmox.start(guest)).toMatchObject(unreachable)
    expect(server.receivedBytes).toBe(0)
  })

  test('a connection without usable credentials is refused at once', () => {
    const url = 'https://pve1:8006'
    expect(() => createProxmox({ url })).toThrow(TypeError)
    expect(() => createProxmox({ url, token, ticket: { username: 'a@pam', password: 'b' } })).toThrow(
      TypeError,
    )
    expect(() => createProxmox({ url, token: { id: 'root', secret: 'x' } })).toThrow(TypeError)
    expect(() => createProxmox({ url, token: { ...token, secret: 'a\r\nX: y' } })).toThrow(TypeError)
    expect(() => createProxmox({ url: 'http://pve1:8006', token })).toThrow(TypeError)
    expect(() => createProxmox({ url, token, fingerprint: 'AA:BB' })).toThrow(TypeError)
    expect(() => createProxmox({ url, token, ca: 'no certificate' })).toThrow(TypeError)
  })
})
