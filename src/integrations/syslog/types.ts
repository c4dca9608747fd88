export type SyslogTarget = { host: string; port: number; ca?: string | undefined }

export type SyslogMessage = {
  severity: 'info' | 'warning' | 'error'
  /** ISO 8601 with at most microseconds. */
  at: string
  hostname: string
  /** What kind of message it is, such as CLOUD_POD_CREATED. */
  messageId: string
  data: Record<string, string>
  text: string
}
