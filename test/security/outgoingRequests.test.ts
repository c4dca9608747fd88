import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { isReachable, networks, OutgoingFault, sendOutgoing } from '../../src/lib/outgoing.ts'

const none = networks([])
const loopback = networks(['127.0.0.0/8'])
const servers: ReturnType<typeof createServer>[] = []
afterAll(() => servers.forEach((server) => server.close().closeAllConnections()))

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const faultOf = async (url: string, allowed = none, more: object = {}): Promise<OutgoingFault> => {
  const fault = await sendOutgoing(allowed, { url, ...more }).catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(OutgoingFault)
  return fault as OutgoingFault
}

describe('an address that a person has typed never leads into our own networks', () => {
  test.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://0/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://0x7f.1/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.1.2.3/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://[fc00::1]/',
    'https://[fe80::1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:db8::1]/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    // A name is judged by what it resolves to when the connection is made.
    'https://localhost/',
  ])('%s', async (url) => {
    const fault = await faultOf(url)
    expect(fault.outcome).toBe('refused')
    expect(fault.message).toContain('not on the public internet')
  })

  test.each([
    ['file:///etc/passwd', 'only https'],
    ['gopher://example.com/', 'only https'],
    ['http://192.0.2.1/', 'not on the public internet'],
    ['http://1.1.1.1/', 'only https'],
    ['https://user:secret@example.com/', 'user name or password'],
    ['example.com', 'no URL'],
  ])('%s is refused: %s', async (url, why) => {
    expect((await faultOf(url)).message).toContain(why)
  })

  test('no private, loopback or link-local IPv4 address is reachable, however the rest of it looks', () => {
    const part = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(
        fc.constantFrom('10', '127', '0', '169.254', '192.168'),
        part,
        part,
        part,
        (head, a, b, c) => {
          const rest = head.includes('.') ? [b, c] : [a, b, c]
          const address = [head, ...rest].join('.')
          expect(isReachable(address, none)).toBe(false)
          expect(isReachable(`::ffff:${address}`, none)).toBe(false)
        },
      ),
    )
    expect(isReachable('1.1.1.1', none)).toBe(true)
    expect(isReachable('2606:4700:4700::1111', none)).toBe(true)
    expect(isReachable('not an address', none)).toBe(false)
  })
})

describe('in a network that the operator has allowed', () => {
  test('the answer comes back whole, and a redirect is an answer that is not followed', async () => {
    const url = await serve((request, response) => {
      response.writeHead(request.url === '/' ? 302 : 200, { location: '/secret' }).end('here')
    })
    const answer = await sendOutgoing(loopback, { url, method: 'POST', body: 'x' })
    expect([answer.status, answer.body.toString()]).toEqual([302, 'here'])
  })

  test('an answer that is too long or too late is given up, and may have been acted on', async () => {
    const long = await serve((_request, response) => void response.end('x'.repeat(10_000)))
    expect(await faultOf(long, loopback, { maxBytes: 1_000 })).toMatchObject({
      outcome: 'unknown',
      message: 'the answer is longer than 1000 bytes',
    })
    const slow = await serve(() => undefined)
    expect(await faultOf(slow, loopback, { timeoutMs: 50 })).toMatchObject({
      outcome: 'unknown',
      message: 'no answer within 50 ms',
    })
  })

  test('what the other side says is never repeated in the message', async () => {
    const url = await serve((request) => request.socket.end('HTTP/1.1 CANARY nonsense\r\n\r\n'))
    expect((await faultOf(url, loopback)).message).not.toContain('CANARY')
  })

  test('nobody there: nothing was sent', async () => {
    expect(await faultOf('https://127.0.0.1:1/', loopback)).toMatchObject({ outcome: 'refused' })
  })
})

test('an answer of which only the beginning is wanted counts even if the rest never comes', async () => {
  const url = await serve((_, response) => void response.writeHead(202).write('begun'))
  const { status, body, fromPublic } = await sendOutgoing(loopback, { url, keepBytes: 100, timeoutMs: 300 })
  expect([status, body.toString(), fromPublic]).toEqual([202, 'begun', false])
  const cut = await sendOutgoing(loopback, { url, keepBytes: 3, timeoutMs: 60_000 })
  expect(cut.body.toString()).toBe('beg')
  expect((await faultOf(url, loopback, { timeoutMs: 300 })).message).toBe('no answer within 300 ms')
})

test('what is no network is named', () => {
  expect(() => networks(['home'])).toThrow('home is no network')
  expect(() => networks(['10.0.0.0/99'])).toThrow()
})
