import { pino, type Logger } from 'pino'

export type { Logger }

/** Names whose values never reach a log line, down to four levels. */
const SECRET_KEYS = [
  'password',
  'secret',
  'token',
  'tokenSecret',
  'authorization',
  'cookie',
  'apiKey',
  'cipassword',
]
const REDACT = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`])

/** Structured logs, one JSON object a line, on standard output or the given stream. */
export function createLogger(options: { level: string; stream?: { write(line: string): void } }): Logger {
  return pino(
    {
      level: options.level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACT, censor: '[redacted]' },
    },
    options.stream ?? pino.destination({ fd: 1, sync: false }),
  )
}
