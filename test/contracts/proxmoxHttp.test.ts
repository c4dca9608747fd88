import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { MAX_ANSWER_BYTES } from '../../src/integrations/proxmox/http.ts'
import { guest, json, rawPairs, reply, token, upid } from './rawTlsServer.ts'
import type { RawRequest, RawServer } from './rawTlsServer.ts'

const { pair, closeAll } = rawPairs()
afterEach(closeAll)

const unreachable = { outcome: 'rejected', code: 'unreachable', retryable: true }

const version = { data: { version: '9.1.2', release: '9.1' } }

describe('lost answers', () => {
  const lost: [string, (socket: TLSSocket) => void][] = [
    ['a reset without an answer', (socket) => socket.destroy()],
    ['an orderly close without an answer', (socket) => socket.end()],
    ['half a status line', (socket) => socket.end('HTTP/1.1 20')],
    ['a head without its body', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n')],
    [
      'half of the announced body',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"data":"UPID:'),
    ],
    [
      'truncated JSON that pretends to be whole',
      (socket) => reply(socket, 200, 'OK', '{"data":"UPID:pve1:00'),
    ],
    ['an empty success', (socket) => reply(socket, 200, 'OK', '')],
    ['an HTML page with status 200', (socket) => reply(socket, 200, 'OK', '<html>Please log in</html>')],
    ['a success without data', (socket) => reply(socket, 200, 'OK', '{"success":1}')],
    ['a redirect', (socket) => reply(socket, 302, 'Found', '<html></html>')],
    ['596 with an empty body', (socket) => reply(socket, 596, 'Connection timed out', '')],
    ['a gateway that gave up', (socket) => reply(socket, 504, 'Gateway Timeout', '<html></html>')],
    ['a gateway with a bad answer', (socket) => reply(socket, 502, 'Bad Gateway', '<html></html>')],
    ['no HTTP at all', (socket) => socket.end('hello\r\n\r\n')],
  ]

  test.each(lost)('%s leaves a write unknown, and it is sent once', async (_name, respond) => {
    const { server, proxmox } = await pair((socket) => respond(socket))
    expect(await proxmox.start(guest)).toMatchObject({ outcome: 'unknown' })
    expect(server.requests).toHaveLength(1)
  })

  test.each(lost)('%s leaves a read unknown', async (_name, respond) => {
    const { proxmox } = await pair((socket) => respond(socket))
    expect(await proxmox.config(guest)).toMatchObject({ outcome: 'unknown' })
  })

  test('a success that names no task leaves a write unknown', async () => {
    for (const data of [null, 'done', 'UPID:pve1:1:2']) {
      const { proxmox } = await pair((socket) => json(socket, data))
      expect(await proxmox.start(guest)).toMatchObject({ outcome: 'unknown' })
    }
  })

  test('a readable answer of another shape leaves a read unknown', async () => {
    const { proxmox } = await pair((socket) => json(socket, 'surprise'))
    expect(await proxmox.guests()).toMatchObject({ outcome: 'unknown' })
    expect(await proxmox.config(guest)).toMatchObject({ outcome: 'unknown' })
  })

  test('no answer in time leaves a write unknown', async () => {
    const { server, proxmox } = await pair(() => {}, { timeoutMs: 200 })
    expect(await proxmox.start(guest)).toMatchObject({ outcome: 'unknown' })
    expect(server.requests).toHaveLength(1)
  })

  test('a caller that gives up while waiting is told unknown, and the connection is dropped', async () => {
    const caller = new AbortController()
    const closed = Promise.withResolvers<void>()
    const { proxmox } = await pair((socket) => {
      socket.once('close', () => closed.resolve())
      caller.abort()
    })
    expect(await proxmox.start(guest, { signal: caller.signal })).toMatchObject({ outcome: 'unknown' })
    await closed.promise
  })

  test('a caller that gives up in the middle of a body is told unknown', async () => {
    const caller = new AbortController()
    const { proxmox } = await pair((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"data":"UPID:')
      setTimeout(() => caller.abort(), 50)
    })
    expect(await proxmox.start(guest, { signal: caller.signal })).toMatchObject({ outcome: 'unknown' })
  })

  test('an oversized body is not read to its end', async () => {
    const closed = Promise.withResolvers<void>()
    const chunk = Buffer.alloc(1024 * 1024, 0x20)
    let written = 0
    const { proxmox } = await pair((socket) => {
      socket.once('close', () => closed.resolve())
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
      const pour = () => {
        let room = true
        while (room && !socket.destroyed && written < 4 * MAX_ANSWER_BYTES) {
          written += chunk.length
          room = socket.write(chunk)
        }
        if (!room) socket.once('drain', pour)
      }
      pour()
    })
    expect(await proxmox.guests()).toMatchObject({ outcome: 'unknown' })
    await closed.promise
    expect(written).toBeLessThan(2 * MAX_ANSWER_BYTES)
  })
})

describe('refusals', () => {
  test('a message is taken from the status line when there is no body', async () => {
    const { proxmox } = await pair((socket) => reply(socket, 401, 'invalid token value!', '', true))
    const message = 'invalid token value!'
    expect(await proxmox.version()).toMatchObject({ outcome: 'rejected', code: 'unauthorized', message })
  })

  test('a message is taken from the status line when the body is cut off', async () => {
    const { proxmox } = await pair((socket) =>
      socket.end('HTTP/1.1 500 VM is locked (backup)\r\nContent-Length: 90\r\n\r\n{"data":nu'),
    )
    const expected = {
      outcome: 'rejected',
      code: 'locked',
      message: 'VM is locked (backup)',
      retryable: true,
    }
    expect(await proxmox.start(guest)).toMatchObject(expected)
  })

  test('a refusal whose body never comes is a refusal all the same', async () => {
    const { proxmox } = await pair(
      (socket) => socket.write('HTTP/1.1 500 VM 101 already running\r\nContent-Length: 90\r\n\r\n'),
      { timeoutMs: 200 },
    )
    expect(await proxmox.start(guest)).toMatchObject({ outcome: 'rejected', code: 'conflict' })
  })

  test('a message in UTF-8 survives the status line', async () => {
    const { proxmox } = await pair((socket) => reply(socket, 500, 'kein Speicher für »vm«', '', true))
    const expected = { outcome: 'rejected', code: 'refused', message: 'kein Speicher für »vm«' }
    expect(await proxmox.start(guest)).toMatchObject(expected)
  })

  test('595 proves that the node was not reached', async () => {
    const { proxmox } = await pair((socket) => reply(socket, 595, 'No route to host', '', true))
    expect(await proxmox.start(guest)).toMatchObject({ ...unreachable, message: 'No route to host' })
  })

  test('503 and 429 are busy, and may be tried again', async () => {
    for (const status of [503, 429]) {
      const { proxmox } = await pair((socket) => reply(socket, status, 'later', '', true))
      expect(await proxmox.start(guest)).toMatchObject({ outcome: 'rejected', code: 'busy', retryable: true })
    }
  })

  test('the faults of each parameter are handed on', async () => {
    const body = {
      data: null,
      message: 'Parameter verification failed.\n',
      errors: { cores: 'type check failed\n' },
    }
    const { proxmox } = await pair((socket) =>
      reply(socket, 400, 'Parameter verification failed.', JSON.stringify(body)),
    )
    expect(await proxmox.configure(guest, { cores: 'abc' })).toEqual({
      outcome: 'rejected',
      code: 'invalid',
      message: 'Parameter verification failed.',
      retryable: false,
      errors: { cores: 'type check failed' },
    })
  })

  test('no outcome repeats the secret', async () => {
    const { proxmox } = await pair((socket) => reply(socket, 401, 'invalid token value!', '', true))
    expect(JSON.stringify([await proxmox.version(), await proxmox.start(guest)])).not.toContain(token.secret)
  })
})

/** The second request on a kept connection meets a server that has just closed it. */
function closeWhenIdle(socket: TLSSocket, request: RawRequest, server: RawServer): void {
  const seen = server.requests.filter((other) => other.connection === request.connection)
  if (seen.length > 1) socket.destroy()
  else reply(socket, 200, 'OK', JSON.stringify(version))
}

describe('connections', () => {
  test('reads share a connection', async () => {
    const { server, proxmox } = await pair((socket) => reply(socket, 200, 'OK', JSON.stringify(version)))
    await proxmox.version()
    await proxmox.version()
    expect(server.connections).toBe(1)
  })

  test('a read on a kept connection that was just closed is repeated once on a new one', async () => {
    const { server, proxmox } = await pair((socket, request) => closeWhenIdle(socket, request, server))
    expect(await proxmox.version()).toMatchObject({ outcome: 'ok' })
    expect(await proxmox.version()).toMatchObject({ outcome: 'ok' })
    expect(server.requests).toHaveLength(3)
    expect(server.connections).toBe(2)
  })

  test('a read that is reset twice is unknown', async () => {
    const { server, proxmox } = await pair((socket) => {
      if (server.requests.length > 1) socket.destroy()
      else reply(socket, 200, 'OK', JSON.stringify(version))
    })
    expect(await proxmox.version()).toMatchObject({ outcome: 'ok' })
    expect(await proxmox.version()).toMatchObject({ outcome: 'unknown' })
    expect(server.requests).toHaveLength(3)
  })

  test('every write has a connection of its own, also after a read', async () => {
    const { server, proxmox } = await pair((socket, request) =>
      request.method === 'GET' ? reply(socket, 200, 'OK', JSON.stringify(version)) : json(socket, upid),
    )
    await proxmox.version()
    await proxmox.start(guest)
    await proxmox.stop(guest)
    const writes = server.requests.filter((request) => request.method === 'POST')
    expect(new Set(writes.map((request) => request.connection)).size).toBe(2)
    expect(writes.every((request) => request.connection > 1)).toBe(true)
  })
})
