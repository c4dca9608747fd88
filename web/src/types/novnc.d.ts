/** The part of noVNC that the console uses; the package has no types of its own. */
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: WebSocket, options?: { shared?: boolean })
    scaleViewport: boolean
    showDotCursor: boolean
    background: string
    focus(options?: FocusOptions): void
    disconnect(): void
    sendCtrlAltDel(): void
    /** Without `down` the key goes down and up again. */
    sendKey(keysym: number, code: string | null, down?: boolean): void
  }
}
