import { Agent, request } from 'node:https'
import { describe, expect, it } from 'vitest'
import { seed, TOKEN, useBench } from './simBench.ts'
import { dataOf, form, send, withToken } from './simClient.ts'

const bench = useBench()

const authorization = { Authorization: `PVEAPIToken=${TOKEN}=token-secret` }

/** The answer's `Connection` header. */
const connection = async (path: string) =>
  new Promise<string | undefined>((resolve, reject) => {
    const agent = new Agent({ keepAlive: true })
    request(
      `${bench.sim.url}/api2/json${path}`,
      { headers: authorization, ca: bench.sim.caPem, agent },
      (res) => {
        res.resume()
        res.on('end', () => resolve(res.headers.connection))
      },
    )
      .on('error', reject)
      .end()
  })

describe('HTTP as the real server speaks it', () => {
  const headers = authorization

  it('an unescaped = cuts a value short, a semicolon separates pairs, and the query wins over the body', async () => {
    expect(await bench.cloned(700)).toBe('OK')
    const put = (path: string, body: string) => send(bench.sim, { method: 'PUT', path, headers, body })
    const cut = await put('/nodes/pve1/qemu/700/config', 'ipconfig0=ip=10.0.0.9/24')
    expect(cut.body?.errors?.ipconfig0).toMatch(/^invalid format - value without key/)
    expect((await put('/nodes/pve1/qemu/700/config?cores=3', 'cores=2;memory=2048')).status).toBe(200)
    const config = (await bench.api.get('/nodes/pve1/qemu/700/config')).body?.data
    expect(config).toMatchObject({ cores: 3, memory: '2048' })
  })

  it('early refusals have their own status and no envelope', async () => {
    const chunked = { ...headers, 'Transfer-Encoding': 'chunked' }
    const refused = await Promise.all([
      send(bench.sim, { method: 'DELETE', path: '/pools/x', headers, body: 'a=b' }),
      send(bench.sim, {
        method: 'POST',
        path: '/pools',
        headers: { ...headers, 'Content-Type': 'text/xml' },
        body: '<x/>',
      }),
      send(bench.sim, { method: 'POST', path: '/pools', headers: chunked }),
      send(bench.sim, {
        method: 'POST',
        path: '/pools',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: '{bad',
      }),
      send(bench.sim, { method: 'POST', path: '/pools', headers, body: `comment=${'x'.repeat(600_000)}` }),
    ])
    expect(refused.map((answer) => answer.status)).toEqual([501, 506, 501, 500, 501])
    expect(refused[0]?.reason).toBe("Unexpected content for method 'DELETE'")
    expect(refused[2]?.reason).toBe('chunked transfer encoding not supported')
    expect(refused[3]?.reason).toMatch(/^malformed JSON string/)
    expect(refused[4]?.reason).toBe('for data too large')
  })

  it('a ticket needs its CSRF token for everything but reading', async () => {
    const body = form({ username: 'root@pam', password: 'root-password' })
    const login = await send(bench.sim, { method: 'POST', path: '/access/ticket', body })
    const { ticket, CSRFPreventionToken } = dataOf<Record<string, string>>(login)
    const cookie = { Cookie: `PVEAuthCookie=${ticket}` }
    expect((await send(bench.sim, { method: 'GET', path: '/nodes', headers: cookie })).status).toBe(200)
    const without = await send(bench.sim, {
      method: 'POST',
      path: '/pools',
      headers: cookie,
      body: 'poolid=p1',
    })
    expect(without).toMatchObject({ status: 401, reason: 'Permission denied - invalid csrf token' })
    const withCsrf = { ...cookie, CSRFPreventionToken: CSRFPreventionToken ?? '' }
    expect(
      (await send(bench.sim, { method: 'POST', path: '/pools', headers: withCsrf, body: 'poolid=p1' }))
        .status,
    ).toBe(200)
  })

  it('a token limited to a pool gets 403 for a guest outside it, whether the guest exists or not', async () => {
    const limited = {
      ...seed,
      users: [...(seed.users ?? []), { id: 'reseller@pve' }],
      tokens: [...(seed.tokens ?? []), { id: 'reseller@pve!tok', secret: 's', privsep: false }],
      acl: [...(seed.acl ?? []), { path: '/pool/mpanel', to: 'reseller@pve', role: 'PVEVMAdmin' }],
    }
    await bench.restart({ seed: limited })
    expect(await bench.cloned(800, { pool: 'mpanel' })).toBe('OK')
    expect(await bench.cloned(801)).toBe('OK')
    const reseller = withToken(bench.sim, 'reseller@pve!tok=s')
    const statuses = await Promise.all(
      [800, 801, 999].map((vmid) => reseller.get(`/nodes/pve1/qemu/${vmid}/config`)),
    )
    expect(statuses.map((answer) => answer.status)).toEqual([200, 403, 403])
    expect(await reseller.task('DELETE', '/nodes/pve1/qemu/800')).toBe('OK')
    expect((await reseller.get('/nodes/pve1/qemu/800/config')).reason).toBe(
      'Permission check failed (/vms/800, VM.Audit)',
    )
  })

  it(
    'an idle connection is closed after five seconds, which no header announces',
    { timeout: 15_000 },
    async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const began = Date.now()
      const seconds = await new Promise<number>((resolve, reject) => {
        const req = request(
          `${bench.sim.url}/api2/json/version`,
          { headers, ca: bench.sim.caPem, agent },
          (res) => {
            expect(res.headers['keep-alive']).toBeUndefined()
            expect(res.headers.connection).toBe('Keep-Alive')
            res.resume()
            res.socket.on('close', () => resolve((Date.now() - began) / 1000))
          },
        )
        req.on('error', reject)
        req.end()
      })
      agent.destroy()
      expect(seconds).toBeGreaterThan(4.5)
      expect(seconds).toBeLessThan(6.5)
    },
  )

  it('a connection is closed with every error', async () => {
    expect(await connection('/version')).toBe('Keep-Alive')
    expect(await connection('/nosuch')).toBe('close')
  })
})
