/** A running console in the page, whatever it shows. */
export type ConsoleHandle = {
  focus(): void
  /** Types a text, as if a person had. Ends early when the console does. */
  type(text: string): Promise<void>
  /** Only of a screen. */
  ctrlAltDel?: () => void
  /** What is marked with the mouse; only of a terminal. */
  selection?: () => string
  dispose(): void
}
export type StartConsole = (
  target: HTMLElement,
  socket: WebSocket,
  /** Called once there is something to see. */
  onReady: () => void,
) => ConsoleHandle
