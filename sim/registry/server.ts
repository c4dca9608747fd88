import { createServer, type TLSSocket } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { makeCertificates } from '../proxmox/x509.ts'
import { carryOut, type Answer } from './commands.ts'
import * as passing from './passing.ts'
import * as transfers from './transfers.ts'
import { accountOf, emptyWorld, load, nextId, Refused, store, type World } from './world.ts'
import { esc, every, iso, part, readXml, URI, word, type Element } from './xml.ts'

/** What happens to the next command of that kind (`create`, `renew`, `transfer`, `update`, `delete`, `check`, `info`, `poll`, `login`). */
type Fault = {
  verb: string
  /** Only about objects of that kind. */
  object?: 'domain' | 'host' | 'contact'
  times?: number
  /** Cut before or after all of it was done, and no answer. */
  cut?: 'before' | 'after'
  delayMs?: number
  /** Answered instead; `done`: after all of it was done. */
  code?: number
  done?: boolean
  /** The answer comes twice. */
  twice?: true
}

export type RegistrySim = {
  port: number
  /** Of the CA that its certificate is of. */
  caPem: string
  world: World
  /** What was asked of it, in order. */
  calls: {
    account: string
    verb: string
    kind: string
    object: string
    clTRID: string
    code: number | null
  }[]
  now(): number
  advanceDays(days: number): void
  fault(fault: Fault): void
  clearFaults(): void
  /** Decides about a name that waits. */
  decide(name: string, granted: boolean): void
  /** Another registrar asks for a domain, as its new one. */
  askAway(name: string, to?: string): void
  balance(account: string, minor: number): void
  /** Something has changed beside the commands: it is kept as well. */
  keep(): void
  close(): Promise<void>
}

const MAX_FRAME = 1_000_000

/** A registry with full semantics behind EPP over TLS: a real server that keeps state and has a clock of its own. */
export async function startRegistrySim(
  options: {
    accounts?: { id: string; password: string }[]
    port?: number
    stateFile?: string
    certificates?: ReturnType<typeof makeCertificates>
    /** Its clock, in milliseconds. */
    now?: () => number
  } = {},
): Promise<RegistrySim> {
  const accounts = options.accounts ?? [
    { id: 'mpanel', password: 'simulated-1' },
    { id: 'other', password: 'simulated-2' },
  ]
  const world = load(options.stateFile) ?? emptyWorld(accounts)
  const certificates = options.certificates ?? makeCertificates(['localhost', '127.0.0.1'])
  const faults: (Fault & { left: number })[] = []
  const calls: RegistrySim['calls'] = []
  const sockets = new Set<TLSSocket>()
  const now = (): number => (options.now?.() ?? Date.now()) + world.aheadMs
  const keep = (): void => store(world, options.stateFile)

  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket)
  })
  server.on('tlsClientError', () => undefined)

  function serve(socket: TLSSocket): void {
    const session: Session = { account: null }
    let bytes = Buffer.alloc(0)
    let turn: Promise<void> = Promise.resolve()
    send(socket, greeting(now()))
    socket.on('data', (more: Buffer) => {
      bytes = Buffer.concat([bytes, more])
      while (bytes.length >= 4) {
        const length = bytes.readUInt32BE(0)
        if (length < 5 || length > MAX_FRAME) socket.destroy()
        if (socket.destroyed || bytes.length < length) break
        const document = bytes.subarray(4, length).toString('utf8')
        bytes = bytes.subarray(length)
        turn = turn.then(() => handle(socket, session, document))
      }
    })
  }

  async function handle(socket: TLSSocket, session: Session, document: string): Promise<void> {
    let root: Element
    try {
      root = readXml(document)
    } catch {
      return send(socket, response({ code: 2001 }, '', 'ERR'))
    }
    if (part(root, 'hello')) return send(socket, greeting(now()))
    const command = part(root, 'command')
    if (root.uri !== URI.epp || !command) return send(socket, response({ code: 2001 }, '', 'ERR'))
    const call = callOf(session, command)
    const { verb, clTRID } = call
    calls.push(call)
    const fault = faults.find(
      (one) => one.verb === verb && one.left > 0 && (one.object === undefined || one.object === call.kind),
    )
    if (fault) fault.left -= 1
    if (fault?.cut === 'before') return void socket.destroy()
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    const isRefused = fault?.code !== undefined && fault.done !== true
    const answer = isRefused
      ? { code: fault.code ?? 2400 }
      : answerTo({ world, now: now() }, command, session, clTRID)
    if (fault?.code !== undefined) answer.code = fault.code
    keep()
    call.code = answer.code
    if (fault?.cut === 'after') return void socket.destroy()
    const text = response(answer, clTRID, nextId(world, 'SV'))
    send(socket, text)
    if (fault?.twice) send(socket, text)
    if (answer.code === 1500 || answer.code >= 2500) socket.end()
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    caPem: certificates.caPem,
    world,
    calls,
    now,
    advanceDays: (days) => {
      world.aheadMs += days * 86_400_000
      passing.pass(world, now())
      keep()
    },
    fault: (fault) => void faults.push({ ...fault, left: fault.times ?? 1 }),
    clearFaults: () => void faults.splice(0),
    decide: (name, granted) => {
      passing.decide(world, name, granted, now())
      keep()
    },
    askAway: (name, to = 'other') => {
      transfers.askAway(world, name, { account: to, now: now() })
      keep()
    },
    balance: (account, minor) => {
      accountOf(world, account).balanceMinor = minor
      keep()
    },
    keep,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

type Session = { account: string | null }
type Call = RegistrySim['calls'][number]

const callOf = (session: Session, command: Element): Call => ({
  account: session.account ?? '',
  verb: command.parts[0]?.name ?? '',
  kind: kindOf(command),
  object: objectOf(command),
  clTRID: word(part(command, 'clTRID')),
  code: null,
})

function answerTo(
  on: { world: World; now: number },
  command: Element,
  session: Session,
  clTRID: string,
): Answer & { reason?: string } {
  try {
    passing.pass(on.world, on.now)
    if (part(command, 'login')) return logIn(on.world, command, session)
    if (part(command, 'logout')) return { code: 1500 }
    if (session.account === null) throw new Refused(2002, 'log in first')
    return carryOut(on.world, { account: session.account, now: on.now }, command, clTRID)
  } catch (error) {
    if (error instanceof Refused) return { code: error.code, reason: error.message }
    return { code: 2400, reason: 'a fault of the registry' }
  }
}

function logIn(world: World, command: Element, session: Session): Answer {
  const login = part(command, 'login')
  const account = accountOf(world, word(part(login, 'clID')))
  const short = word(part(login, 'pw'))
  const password = short === '[LOGIN-SECURITY]' ? word(part(command, 'extension', 'loginSec', 'pw')) : short
  if (account.password !== password) throw new Refused(2200, 'the password is wrong')
  const unknown = every(part(login, 'svcs'), 'objURI').find((one) => !OBJECTS.includes(word(one)))
  if (unknown) throw new Refused(2307, word(unknown))
  session.account = account.id
  return { code: 1000 }
}

const OBJECTS = [URI.domain, URI.host, URI.contact]
const EXTENSIONS = [URI.secDNS, URI.rgp, URI.fee, URI.balance, URI.lowBalance, URI.loginSec]

function send(socket: TLSSocket, text: string): void {
  const body = Buffer.from(text, 'utf8')
  const header = Buffer.alloc(4)
  header.writeUInt32BE(body.length + 4)
  socket.write(Buffer.concat([header, body]))
}

const document = (content: string): string =>
  `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<epp xmlns="${URI.epp}">${content}</epp>`

const greeting = (now: number): string =>
  document(
    `<greeting><svID>Simulated registry</svID><svDate>${iso(now)}</svDate><svcMenu><version>1.0</version><lang>en</lang>${OBJECTS.map(
      (uri) => `<objURI>${uri}</objURI>`,
    ).join('')}<svcExtension>${EXTENSIONS.map((uri) => `<extURI>${uri}</extURI>`).join(
      '',
    )}</svcExtension></svcMenu><dcp><access><all/></access><statement><purpose><prov/></purpose><recipient><ours/></recipient><retention><stated/></retention></statement></dcp></greeting>`,
  )

const WORDS: Record<number, string> = {
  1000: 'Command completed successfully',
  1001: 'Command completed successfully; action pending',
  1300: 'Command completed successfully; no messages',
  1301: 'Command completed successfully; ack to dequeue',
  1500: 'Command completed successfully; ending session',
  2001: 'Command syntax error',
  2104: 'Billing failure',
  2302: 'Object exists',
  2303: 'Object does not exist',
  2304: 'Object status prohibits operation',
  2400: 'Command failed',
}

function response(answer: Answer & { reason?: string }, clTRID: string, svTRID: string): string {
  const reason =
    answer.reason === undefined
      ? ''
      : `<extValue><value><undef/></value><reason>${esc(answer.reason)}</reason></extValue>`
  return document(
    `<response><result code="${answer.code}"><msg>${WORDS[answer.code] ?? 'Command refused'}</msg>${reason}</result>${answer.queue ?? ''}${
      answer.data === undefined ? '' : `<resData>${answer.data}</resData>`
    }${answer.extension === undefined ? '' : `<extension>${answer.extension}</extension>`}<trID>${
      clTRID === '' ? '' : `<clTRID>${esc(clTRID)}</clTRID>`
    }<svTRID>${svTRID}</svTRID></trID></response>`,
  )
}

const KINDS: Record<string, string> = { [URI.domain]: 'domain', [URI.host]: 'host', [URI.contact]: 'contact' }
const kindOf = (command: Element): string => KINDS[command.parts[0]?.parts[0]?.uri ?? ''] ?? ''

/** What a command is about, for the list of calls. */
const objectOf = (command: Element): string => {
  const object = command.parts[0]?.parts[0]
  return word(part(object, 'name')) || word(part(object, 'id'))
}
