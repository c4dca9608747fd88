import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { IntegrationPodAnswer, IntegrationPodDetail } from '../../shared/api/integrationPods.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue, type Answer, type Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

export const INTEGRATION_PODS = '/api/integrations/pods'

export type Problem = { code: string; detail: string }

/** What a selling system sends for a service of its own. */
export async function bodyOf(app: TestApp, serviceId: string, change: object = {}) {
  const { plan, blueprint } = await catalogue(app.admin)
  return {
    source: 'whmcs',
    serviceId,
    planId: plan.id,
    blueprintId: blueprint.id,
    hostname: `sold-${newId().slice(-12)}`,
    ...change,
  }
}

export type Seller = {
  tenantId: string
  token: string
  api: Api
  put(key: string, body: object): Promise<Answer<IntegrationPodAnswer & Problem>>
  show(key: string): Promise<IntegrationPodDetail>
  deed(key: string, deed: string, body?: object): Promise<Answer<IntegrationPodAnswer & Problem>>
}

/** A tenant, and a key that may do no more than selling pods of it. */
export async function seller(app: TestApp): Promise<Seller> {
  const tenantId = await app.tenant()
  const scopes = ['integrations:read', 'integrations:manage', 'plans:read', 'blueprints:read'] as const
  const { api, token } = await keyOf(app, 'admin@example.com', { tenantId, scopes })
  return {
    tenantId,
    token,
    api,
    put: (key, body) => api.call('PUT', `${INTEGRATION_PODS}/${key}`, body),
    show: async (key) => (await api.get<IntegrationPodDetail>(`${INTEGRATION_PODS}/${key}`)).body,
    deed: (key, deed, body = {}) => api.post(`${INTEGRATION_PODS}/${key}/${deed}`, body),
  }
}

export type Ran = {
  result: unknown
  logged: { action: string; request: string; response: string }[]
  called: { action: string; values: Record<string, unknown> }[]
  written: { table: string; where: Record<string, unknown>; values: Record<string, unknown> }[]
}

const HARNESS = fileURLToPath(new URL('whmcs.php', import.meta.url))

/** Calls a function of the provisioning module in a PHP of its own, as WHMCS does. */
export async function runModule(
  name: string,
  params: object,
  { admin = false }: { admin?: boolean } = {},
): Promise<Ran> {
  const child = spawn('php', ['-d', 'display_errors=stderr', HARNESS], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(JSON.stringify({ function: name, params, admin }))
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (errors !== '') throw new Error(`php: ${errors}`)
  return JSON.parse(out) as Ran
}

/** A server between WHMCS and mPanel that passes on what is asked, and can lose the answers. */
export async function startLossy(target: string) {
  const lost: string[] = []
  let toLose = 0
  const passOn = async (request: IncomingMessage) => {
    const body = await text(request)
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers
    return fetch(target + request.url, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body === '' ? {} : { body }),
    })
  }
  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = await passOn(request)
    const body = await answer.text()
    if (toLose > 0 && request.method !== 'GET') {
      toLose--
      lost.push(`${request.method} ${request.url} ${answer.status}`)
      request.socket.destroy()
    } else {
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      response.end(body)
    }
  }
  const server = createServer((request, response) => void answerTo(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    lost,
    loseNext: (times: number) => {
      toLose = times
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
