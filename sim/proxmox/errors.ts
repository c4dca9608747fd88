/** What a handler throws: becomes the status line and the JSON envelope. Messages keep Perl's trailing newline. */
export class PveError extends Error {
  status: number
  errors: Record<string, string> | undefined

  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message)
    this.name = 'PveError'
    this.status = status
    this.errors = errors
  }
}

/** A plain `die` inside Proxmox: HTTP 500 with the text. */
export function die(message: string): never {
  throw new PveError(500, `${message}\n`)
}

export function paramError(errors: Record<string, string>): never {
  throw new PveError(400, 'Parameter verification failed.\n', errors)
}

export function permError(what?: string): never {
  throw new PveError(403, `Permission check failed${what === undefined ? '' : ` (${what})`}\n`)
}

/** The text of anything thrown, without the trailing newline, as it ends up in a task's exit status. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/(?<!\n)\n+$/, '')
}

/** Answered with the reason phrase alone: failed logins, nodes that cannot be reached. */
export class BareError extends PveError {}
