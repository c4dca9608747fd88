import type { SyslogMessage } from './types.ts'

/** Facility 13, "log audit". */
const FACILITY = 13
const SEVERITY = { error: 3, warning: 4, info: 6 } as const
/** The number that RFC 5612 keeps for documentation: mPanel has none of its own. */
const ENTERPRISE = 'mpanel@32473'

const printable = (text: string, length: number): string =>
  text.replace(/[^\x21-\x7e]/g, '_').slice(0, length) || '-'
const parameter = (text: string): string => text.replace(/["\\\]]/g, '\\$&')

/** One message as RFC 5424 wants it; the text is UTF-8 and says so. */
export function formatMessage(message: SyslogMessage): string {
  const data = Object.entries(message.data).map(([name, value]) => ` ${name}="${parameter(value)}"`)
  const head = [
    `<${FACILITY * 8 + SEVERITY[message.severity]}>1`,
    message.at,
    printable(message.hostname, 255),
    'mpanel',
    '-',
    printable(message.messageId, 32),
  ]
  return `${head.join(' ')} [${ENTERPRISE}${data.join('')}] \uFEFF${message.text}`
}

/** RFC 5425: each message behind the number of its octets. */
export function frame(message: string): Buffer {
  const bytes = Buffer.from(message, 'utf8')
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
}
