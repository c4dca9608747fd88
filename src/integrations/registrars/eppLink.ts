import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { frame, FrameReader } from './eppFrames.ts'
import { parseXml, type Node } from './eppXml.ts'
import type { RegistrarConnection } from './types.ts'

export type EppConnection = Extract<RegistrarConnection, { kind: 'epp' }>

/** One TLS connection on which documents come and go. The process may end while it is only kept open. */
export class EppLink {
  readonly #socket: TLSSocket
  readonly #arrived: Node[] = []
  #waiting: { resolve: (node: Node) => void; reject: (error: Error) => void } | null = null
  #fault: Error | null = null

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    const reader = new FrameReader()
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const text of reader.push(bytes)) this.#take(parseXml(text))
      } catch (error) {
        this.#fail(error as Error)
      }
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
    socket.unref()
  }

  /** Connects, and checks whom to. @throws Error */
  static open(to: EppConnection, timeoutMs: number): Promise<EppLink> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: to.host,
        port: to.port,
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
        ...(isIP(to.host) === 0 ? { servername: to.host } : {}),
        ...(to.ca === undefined ? {} : { ca: to.ca }),
        ...(to.cert === undefined ? {} : { cert: to.cert, key: to.key }),
      })
      const timer = setTimeout(() => {
        socket.destroy()
        reject(new Error(`it has not answered within ${timeoutMs / 1000} s`))
      }, timeoutMs)
      socket.once('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      socket.once('secureConnect', () => {
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve(new EppLink(socket))
      })
    })
  }

  get isOpen(): boolean {
    return this.#fault === null
  }

  send(text: string): void {
    this.#socket.write(frame(text))
  }

  /** The next document. Whatever fails ends the connection: a late answer must not be taken for another's. @throws Error */
  next(timeoutMs: number): Promise<Node> {
    const ready = this.#arrived.shift()
    if (ready) return Promise.resolve(ready)
    if (this.#fault) return Promise.reject(this.#fault)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#fail(new Error(`no answer has come within ${timeoutMs / 1000} s`)),
        timeoutMs,
      )
      this.#waiting = {
        resolve: (node) => {
          clearTimeout(timer)
          resolve(node)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
    })
  }

  close(): void {
    this.#socket.end()
    this.#fail(new Error('the connection was closed'))
  }

  #take(node: Node): void {
    const waiting = this.#waiting
    if (!waiting) return void this.#arrived.push(node)
    this.#waiting = null
    waiting.resolve(node)
  }

  #fail(error: Error): void {
    if (this.#fault) return
    this.#fault = error
    this.#socket.destroy()
    this.#waiting?.reject(error)
    this.#waiting = null
  }
}
