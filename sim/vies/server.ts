import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

type Fault = {
  times?: number
  delayMs?: number
  lost?: true
  status?: number
  /** Named in `errorWrappers`, with 200 if no status is given, as the real one does. */
  error?: string
  /** An answer that is no JSON. */
  garbled?: true
}

export type ViesSim = {
  /** Without `/check-vat-number`. */
  url: string
  /** Numbers that were given out, and to whom; `null`: the member state does not tell. */
  given: Map<string, string | null>
  /** Member states that do not answer. */
  away: Set<string>
  calls: { taxId: string; requester: string | null; reference: string }[]
  fault(fault: Fault): void
  close(): Promise<void>
}

const MEMBERS = new Set(
  'AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI'.split(' '),
)

type Asked = Partial<
  Record<'countryCode' | 'vatNumber' | 'requesterMemberStateCode' | 'requesterNumber', string>
>
type Answer = { status: number; json: unknown }

const failed = (error: string, status = 200): Answer => ({
  status,
  json: { actionSucceed: false, errorWrappers: [{ error }] },
})

/**
 * A VIES: the one call of its REST API that mPanel makes. Numbers that nobody has given out are not valid.
 * @param options.everything any number was given out whose last digit is not 0, as the test service of VIES has fixed answers
 */
export async function startViesSim(
  options: { port?: number; everything?: boolean; now?: () => Date } = {},
): Promise<ViesSim> {
  const faults: Fault[] = []
  const sim: Omit<ViesSim, 'url' | 'close'> = {
    given: new Map(),
    away: new Set(),
    calls: [],
    fault: (fault) => void faults.push({ times: 1, ...fault }),
  }
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  // It keeps nobody from ending.
  server.unref()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const [fault] = faults
    if (fault && (fault.times = (fault.times ?? 1) - 1) <= 0) faults.shift()
    if (fault?.delayMs !== undefined) await sleep(fault.delayMs)
    if (fault?.lost) return void request.socket.destroy()
    const { status, json } = fault?.status || fault?.error ? faulty(fault) : answer(request, parts)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(fault?.garbled ? '<html>' : JSON.stringify(json))
  }

  const faulty = ({ error, status }: Fault): Answer =>
    error === undefined ? { status: status ?? 500, json: {} } : failed(error, status)

  function answer(request: IncomingMessage, parts: Buffer[]): Answer {
    if (request.method !== 'POST' || request.url !== '/check-vat-number') return failed('VOW-ERR-1', 404)
    const asked = JSON.parse(Buffer.concat(parts).toString('utf8')) as Asked
    const {
      countryCode = '',
      vatNumber = '',
      requesterMemberStateCode: state,
      requesterNumber: number,
    } = asked
    if (!MEMBERS.has(countryCode) || !/^[0-9A-Z+*]{2,12}$/.test(vatNumber)) return failed('INVALID_INPUT')
    const isNamed = state !== undefined && number !== undefined
    if (isNamed && !MEMBERS.has(state)) return failed('INVALID_REQUESTER_INFO')
    if (sim.away.has(countryCode)) return failed('MS_UNAVAILABLE')
    const taxId = countryCode + vatNumber
    const reference = isNamed ? `WAPIAAAA${randomBytes(6).toString('base64url')}` : ''
    sim.calls.push({ taxId, requester: isNamed ? state + number : null, reference })
    const valid = sim.given.has(taxId) || (options.everything === true && !vatNumber.endsWith('0'))
    return {
      status: 200,
      json: {
        countryCode,
        vatNumber,
        requestDate: (options.now?.() ?? new Date()).toISOString(),
        valid,
        requestIdentifier: valid ? reference : '',
        name: (valid && sim.given.get(taxId)) || '---',
        address: '---',
      },
    }
  }

  return {
    ...sim,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
