import { useEffect, useRef, useState, type RefObject } from 'react'
import { t } from '../../../../shared/text.ts'
import { askForConsole, connectConsole } from '../../api/cloudPodConsole.ts'
import type { ConsoleHandle, StartConsole } from '../../lib/console.ts'

export type ConsolePhase =
  | { phase: 'connecting' }
  | { phase: 'open' }
  /** `words`: why. */
  | { phase: 'ended'; words: string }

const LOST = t`The connection was refused, or it was lost.`

/** Each is a chunk of its own, loaded when the first console of its kind is opened. */
const LOAD = {
  vnc: async (): Promise<StartConsole> => (await import('../../lib/consoleScreen.ts')).startScreen,
  terminal: async (): Promise<StartConsole> => (await import('../../lib/consoleTerminal.ts')).startTerminal,
}

/** Connects the console of a pod with an element of the page, once. */
export function useConsole(
  podId: string,
  target: RefObject<HTMLElement | null>,
): { state: ConsolePhase; handle: RefObject<ConsoleHandle | null> } {
  const [state, setState] = useState<ConsolePhase>({ phase: 'connecting' })
  const handle = useRef<ConsoleHandle | null>(null)
  useEffect(() => {
    let isLeft = false
    let socket: WebSocket | undefined
    const tell = (next: ConsolePhase) => {
      if (!isLeft) setState(next)
    }
    const connect = async () => {
      const ticket = await askForConsole(podId)
      const start = await LOAD[ticket.kind]()
      if (isLeft || !target.current) return
      socket = connectConsole(ticket)
      socket.addEventListener('close', ({ reason }) => tell({ phase: 'ended', words: reason || LOST }))
      handle.current = start(target.current, socket, () => {
        tell({ phase: 'open' })
        handle.current?.focus()
      })
    }
    connect().catch((error: unknown) =>
      tell({ phase: 'ended', words: error instanceof Error ? error.message : LOST }),
    )
    return () => {
      isLeft = true
      handle.current?.dispose()
      handle.current = null
      socket?.close()
    }
  }, [podId, target])
  return { state, handle }
}
