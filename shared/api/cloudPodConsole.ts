import { z } from 'zod'
import { timestamp } from './common.ts'

/**
 * Opens the console once, within a few seconds, for whoever asked for it: a WebSocket at `path` that names the
 * subprotocols `mpanel-console` and `mpanel-ticket.` with the ticket behind it. `vnc`: an RFB session without a password.
 * `terminal`: what the terminal shows and what is typed, as binary messages; `resize:COLUMNS:ROWS` as a text.
 */
export const cloudPodConsoleTicket = z.object({
  ticket: z.string(),
  expiresAt: timestamp,
  path: z.string(),
  kind: z.enum(['vnc', 'terminal']),
})
export type CloudPodConsoleTicket = z.infer<typeof cloudPodConsoleTicket>
