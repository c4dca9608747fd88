import type { Duplex } from 'node:stream'

/** What `termproxy` does with the bytes of its client: a ticket first, then messages with a type and a length. */

/** The size of a terminal nobody has said the size of. */
const FIRST_SIZE = { columns: 80, rows: 20 }

export async function serveTerminal(
  stream: Duplex,
  { hostname, running, vmid, accepts }: Terminal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    let held: Buffer = Buffer.alloc(0)
    let shell: ReturnType<typeof createShell> | null = null
    stream.on('close', resolve)
    stream.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      if (!shell) {
        const end = held.indexOf('\n')
        if (end < 0) return held.length > 4096 ? resolve() : undefined
        if (!accepts(held.subarray(0, end).toString())) return resolve()
        held = held.subarray(end + 1)
        stream.write('OK')
        if (!running) {
          stream.write(`lxc-console: ${vmid}: tools/lxc_console.c: main: 129 ${vmid} is not running\r\n`)
          return resolve()
        }
        shell = createShell(hostname, (text) => void stream.write(text), resolve)
      }
      held = readMessages(held, shell)
    })
  })
}

type Terminal = {
  hostname: string
  running: boolean
  vmid: number
  /** Whether the first line, `user:ticket`, is the one that this was opened for. */
  accepts: (line: string) => boolean
}

type Shell = ReturnType<typeof createShell>

/** Takes the whole messages off the front. `0:LENGTH:DATA`, `1:COLUMNS:ROWS:`; anything else is one byte of nothing. */
function readMessages(bytes: Buffer, shell: Shell): Buffer {
  let rest = bytes
  for (;;) {
    const head = /^(?:0:(\d{1,9}):|1:(\d{1,5}):(\d{1,5}):)/.exec(rest.subarray(0, 24).toString('latin1'))
    if (head?.[1] !== undefined) {
      const end = head[0].length + Number(head[1])
      if (rest.length < end) return rest
      shell.type(rest.subarray(head[0].length, end).toString('utf8'))
      rest = rest.subarray(end)
    } else if (head) {
      shell.resize(Number(head[2]), Number(head[3]))
      rest = rest.subarray(head[0].length)
    } else if (rest.length > 0 && rest[0] !== 0x30 && rest[0] !== 0x31) rest = rest.subarray(1)
    else if (rest.length > 24) rest = rest.subarray(1)
    else return rest
  }
}

function createShell(hostname: string, write: (text: string) => void, leave: () => void) {
  const prompt = `root@${hostname}:~# `
  let size = FIRST_SIZE
  let line = ''
  const run = (): string => {
    const [name = '', ...words] = line.trim().split(/\s+/)
    if (name === '') return ''
    if (name === 'hostname') return `${hostname}\r\n`
    if (name === 'echo') return `${words.join(' ')}\r\n`
    if (name === 'stty' && words[0] === 'size') return `${size.rows} ${size.columns}\r\n`
    return `-bash: ${name}: command not found\r\n`
  }
  write(prompt)
  return {
    resize(columns: number, rows: number) {
      size = { columns, rows }
    },
    type(text: string) {
      let shown = ''
      for (const char of text) {
        if (char === '\r' && line.trim() === 'exit') {
          write(`${shown}\r\nlogout\r\n`)
          leave()
          return
        }
        if (char === '\r') {
          shown += `\r\n${run()}${prompt}`
          line = ''
        } else if (char === '\u007f') {
          if (line !== '') shown += '\b \b'
          line = line.slice(0, -1)
        } else if (char === '\u0003') {
          shown += `^C\r\n${prompt}`
          line = ''
        } else if (char >= ' ') {
          line += char
          shown += char
        }
      }
      write(shown)
    },
  }
}
