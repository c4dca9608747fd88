import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { GuestConsole, Traffic } from '../services/cloudPodConsoleService.ts'

/** So much may wait for a browser before the guest is not read any further, and so little before it is again. */
const HIGH_BYTES = 1024 * 1024
const LOW_BYTES = 256 * 1024

/**
 * Joins a browser with a guest and counts what goes through. Neither side is read faster than the other takes it.
 * @param onInput called for each piece that comes from the browser
 * @returns what resolves when the guest's side has ended
 */
export function relay(
  socket: WebSocket,
  guest: GuestConsole,
  counts: Traffic,
  onInput: (chunk: Buffer) => void,
): Promise<void> {
  const { stream } = guest
  const ended = Promise.withResolvers<void>()
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const chunk = data as Buffer
    if (!isBinary) return resize(guest, chunk)
    counts.bytesIn += chunk.length
    onInput(chunk)
    if (!stream.writable || stream.write(chunk)) return
    socket.pause()
    stream.once('drain', () => socket.resume())
  })
  stream.on('data', (chunk: Buffer) => {
    counts.bytesOut += chunk.length
    socket.send(chunk, () => {
      if (stream.isPaused() && socket.bufferedAmount <= LOW_BYTES) stream.resume()
    })
    if (socket.bufferedAmount > HIGH_BYTES) stream.pause()
  })
  whenOver(stream, ended.resolve)
  socket.resume()
  return ended.promise
}

function whenOver(stream: Duplex, over: () => void): void {
  stream.on('error', over)
  stream.on('end', over)
  stream.on('close', over)
}

/** The only text there is: `resize:COLUMNS:ROWS`. */
function resize(guest: GuestConsole, message: Buffer): void {
  const [, columns, rows] = /^resize:(\d{1,3}):(\d{1,3})$/.exec(message.toString('latin1')) ?? []
  const isSize = Number(columns) >= 2 && Number(rows) >= 1
  if (isSize && guest.kind === 'terminal' && guest.stream.writable)
    guest.resize(Number(columns), Number(rows))
}
