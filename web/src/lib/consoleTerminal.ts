import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import type { ConsoleHandle, StartConsole } from './console.ts'
import { withStyleSheets } from './styleSheets.ts'
// oxlint-disable-next-line import/no-unassigned-import -- styles have nothing to assign
import '@xterm/xterm/css/xterm.css'

const FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace"
const THEME = { background: '#0c0f14', foreground: '#e7eaef', cursor: '#e7eaef' }

/** The terminal of a container, with as many letters as there is room for. */
export const startTerminal: StartConsole = (target, socket, onReady): ConsoleHandle => {
  const terminal = new Terminal({
    cursorBlink: true,
    fontFamily: FONT,
    fontSize: 14,
    scrollback: 5_000,
    theme: THEME,
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  const dropStyles = withStyleSheets(() => terminal.open(target))
  fit.fit()

  const isOpen = () => socket.readyState === WebSocket.OPEN
  const tellSize = () => isOpen() && socket.send(`resize:${terminal.cols}:${terminal.rows}`)
  const encoder = new TextEncoder()
  terminal.onData((typed) => isOpen() && socket.send(encoder.encode(typed)))
  terminal.onBinary(
    (typed) => isOpen() && socket.send(Uint8Array.from(typed, (letter) => letter.charCodeAt(0))),
  )
  terminal.onResize(tellSize)
  socket.addEventListener('open', tellSize)
  let isReady = false
  socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
    terminal.write(new Uint8Array(data))
    if (!isReady) onReady()
    isReady = true
  })
  const observer = new ResizeObserver(() => fit.fit())
  observer.observe(target)
  return {
    focus: () => terminal.focus(),
    type: (text) => {
      terminal.paste(text)
      return Promise.resolve()
    },
    selection: () => terminal.getSelection(),
    dispose: () => {
      observer.disconnect()
      terminal.dispose()
      dropStyles()
    },
  }
}
