import RFB from '@novnc/novnc'
import type { ConsoleHandle, StartConsole } from './console.ts'

const RETURN = 0xff0d
const TAB = 0xff09
const SHIFT = 0xffe1
/** A keyboard takes so many keys a second before it loses some. */
const BETWEEN_KEYS_MS = 15
/** Typed with the shift key on the US keyboard, which is what the guest is thought to have. */
const SHIFTED = /[A-Z~!@#$%^&*()_+{}|:"<>?]/

function keysymOf(letter: string): number {
  const code = letter.codePointAt(0) ?? 0
  if (letter === '\n') return RETURN
  if (letter === '\t') return TAB
  return code < 0x100 ? code : 0x0100_0000 + code
}

/** The screen of a virtual machine, as large as there is room. */
export const startScreen: StartConsole = (target, socket, onReady): ConsoleHandle => {
  const rfb = new RFB(target, socket, { shared: true })
  rfb.scaleViewport = true
  rfb.showDotCursor = true
  rfb.background = 'transparent'
  let isOver = false
  rfb.addEventListener('connect', () => {
    // noVNC leaves it out of the order in which Tab goes.
    const canvas = target.querySelector('canvas')
    if (canvas) canvas.tabIndex = 0
    canvas?.setAttribute('role', 'application')
    canvas?.setAttribute('aria-label', 'Screen')
    onReady()
  })
  rfb.addEventListener('disconnect', () => (isOver = true))
  return {
    focus: () => rfb.focus({ preventScroll: true }),
    async type(text) {
      for (const letter of text.replace(/\r\n?/g, '\n')) {
        if (isOver) return
        const isShifted = SHIFTED.test(letter)
        if (isShifted) rfb.sendKey(SHIFT, 'ShiftLeft', true)
        rfb.sendKey(keysymOf(letter), null)
        if (isShifted) rfb.sendKey(SHIFT, 'ShiftLeft', false)
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_KEYS_MS))
      }
    },
    ctrlAltDel: () => rfb.sendCtrlAltDel(),
    dispose: () => {
      if (!isOver) rfb.disconnect()
      isOver = true
      target.replaceChildren()
    },
  }
}
