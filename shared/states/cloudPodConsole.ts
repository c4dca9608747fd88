import { t } from '../text.ts'
/** Why a console ended, with what its user reads and the code that the WebSocket is closed with. */
export const CONSOLE_ENDS = {
  closed_by_user: { code: 1000, words: t`The console was closed.` },
  closed_by_guest: {
    code: 4001,
    words: t`The CloudPod ended the console: it was stopped, or somebody logged out.`,
  },
  idle: { code: 4002, words: t`Nothing was typed for a long time, so the console was closed.` },
  too_long: { code: 4003, words: t`The console was open for as long as one may be.` },
  access_lost: { code: 4004, words: t`You are logged out, or may not use this console any more.` },
  tenant_suspended: { code: 4005, words: t`The tenant is suspended or closed.` },
  pod_gone: { code: 4006, words: t`The CloudPod is not active any more.` },
  server_stopped: { code: 4007, words: t`mPanel was stopped or restarted. Connect again in a moment.` },
  failed: { code: 4008, words: t`The console could not be opened.` },
} as const
export type ConsoleEnd = keyof typeof CONSOLE_ENDS

/** The subprotocol that is spoken, and what stands before the ticket in the one that carries it. */
export const CONSOLE_PROTOCOL = 'mpanel-console'
export const TICKET_PREFIX = 'mpanel-ticket.'
