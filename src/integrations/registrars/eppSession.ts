import { randomUUID } from 'node:crypto'
import { ok, rejected, unknown, type Outcome, type Rejected, type Unknown } from '../../lib/outcome.ts'
import { refusalOf } from './eppCodes.ts'
import { EppLink, type EppConnection } from './eppLink.ts'
import { login, longPassword } from './eppCommands.ts'
import { hello, menuOf, requestOf, responseOf, type EppAnswer } from './eppDocuments.ts'
import { NS, one, xml, type Markup } from './eppXml.ts'

export type EppCommand = {
  /** What stands in `<command>`. */
  body: Markup
  extension?: Markup | null
  id?: string
  /** It changes something: it is sent once, and when its answer is lost nobody knows. */
  changes: boolean
}

const TIMEOUT_MS = 20_000
/** Servers close sessions that say nothing for five or ten minutes. */
const KEEP_ALIVE_MS = 240_000
/** After a pause a session may be gone without our knowing: it is tried before something is sent that must not be in doubt. */
const FRESH_MS = 3_000
/** Registries lock accounts that try wrong passwords again and again. */
const LOGIN_PAUSE_MS = 60_000
const LATE_ANSWERS = 8

const OBJECTS: string[] = [NS.domain, NS.host, NS.contact]
const EXTENSIONS: string[] = [NS.secDns, NS.rgp, NS.fee, NS.balance, NS.lowBalance, NS.loginSec]

/** A session with an EPP server: made when it is needed, one command at a time, made anew when it was lost. */
export class EppSession {
  readonly #to: EppConnection
  readonly #timeoutMs: number
  #link: EppLink | null = null
  #services = new Set<string>()
  #usedAt = 0
  #refused: { until: number; answer: Rejected } | null = null
  #tail: Promise<unknown> = Promise.resolve()
  #keepAlive: NodeJS.Timeout | null = null

  constructor(to: EppConnection) {
    this.#to = to
    this.#timeoutMs = to.timeoutMs ?? TIMEOUT_MS
  }

  /** Whether the server has said that it knows a namespace. Known after the first command. */
  knows(namespace: string): boolean {
    return this.#services.has(namespace)
  }

  command(command: EppCommand): Promise<Outcome<EppAnswer>> {
    return this.#inTurn(async () => {
      const first = await this.#once(command)
      // A question does no harm when it is asked twice; a session that was kept open may have ended meanwhile.
      return first.outcome === 'unknown' && !command.changes ? this.#once(command) : first
    })
  }

  /** Connects and logs in, so that `knows` can tell. */
  ready(): Promise<Outcome<null>> {
    return this.#inTurn(async () => (await this.#live(false)) ?? ok(null))
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#link?.isOpen) {
        this.#link.send(requestOf(xml`<logout/>`, null, randomUUID()))
        await this.#link.next(1_000).catch(() => undefined)
      }
      this.#drop()
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work)
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  async #once({
    body,
    extension = null,
    id = randomUUID(),
    changes,
  }: EppCommand): Promise<Outcome<EppAnswer>> {
    const fault = await this.#live(changes)
    if (fault) return fault
    const link = this.#link as EppLink
    try {
      link.send(requestOf(body, extension, id))
      const answer = await this.#answer(link, id)
      this.#usedAt = Date.now()
      return answer
    } catch (error) {
      this.#drop()
      return unknown(`The registry has not answered: ${(error as Error).message}`)
    }
  }

  /** A session that works, or why there is none. Nothing of a command has been sent then. */
  async #live(surely: boolean): Promise<Rejected | null> {
    if (this.#link?.isOpen && (!surely || Date.now() - this.#usedAt < FRESH_MS || (await this.#greets())))
      return null
    this.#drop()
    if (this.#refused && Date.now() < this.#refused.until) return this.#refused.answer
    const fault = await this.#logIn().catch((error: Error) =>
      rejected('unreachable', `The registry cannot be reached: ${error.message}`, { retryable: true }),
    )
    if (fault) this.#drop()
    return fault
  }

  async #greets(): Promise<boolean> {
    try {
      this.#link?.send(hello)
      for (let at = 0; at < LATE_ANSWERS; at += 1)
        if (one(await this.#link?.next(this.#timeoutMs), NS.epp, 'greeting')) return true
    } catch {
      // Another session is made.
    }
    return false
  }

  async #logIn(): Promise<Rejected | null> {
    const link = await EppLink.open(this.#to, this.#timeoutMs)
    this.#link = link
    const menu = menuOf(await link.next(this.#timeoutMs))
    if (!menu) throw new Error('it has sent no EPP greeting')
    const objects = OBJECTS.filter((uri) => menu.has(uri))
    const extensions = EXTENSIONS.filter((uri) => menu.has(uri))
    this.#services = new Set([...objects, ...extensions])
    const id = randomUUID()
    const more = this.knows(NS.loginSec) ? longPassword(this.#to.password) : null
    link.send(requestOf(login(this.#to, objects, extensions), more, id))
    const answer = await this.#answer(link, id)
    if (answer.outcome === 'unknown') throw new Error(answer.message)
    if (answer.outcome === 'rejected') {
      if (answer.code === 'unauthorized') this.#refused = { until: Date.now() + LOGIN_PAUSE_MS, answer }
      return answer
    }
    this.#refused = null
    this.#usedAt = Date.now()
    this.#keepAlive = setInterval(() => {
      if (Date.now() - this.#usedAt < KEEP_ALIVE_MS - 1_000) return
      void this.#inTurn(async () => {
        if (this.#link?.isOpen && !(await this.#greets())) this.#drop()
      })
    }, KEEP_ALIVE_MS).unref()
    return null
  }

  /** The answer to this command; what comes late, or twice, for another one is left aside. @throws Error */
  async #answer(link: EppLink, id: string): Promise<Outcome<EppAnswer> | Unknown> {
    for (let at = 0; at < LATE_ANSWERS; at += 1) {
      const response = responseOf(await link.next(this.#timeoutMs))
      if (!response || (response.id !== null && response.id !== id)) continue
      const { code, message } = response
      if (Number.isNaN(code)) break
      if (code >= 2500) this.#drop()
      return code >= 2000 ? refusalOf(code, message) : ok(response)
    }
    throw new Error('its answer is no EPP response to this command')
  }

  #drop(): void {
    if (this.#keepAlive) clearInterval(this.#keepAlive)
    this.#keepAlive = null
    this.#link?.close()
    this.#link = null
  }
}
